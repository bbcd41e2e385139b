// Small traces for the tests of the studies.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_STUDIES_TRACE_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_STUDIES_TRACE_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

inline Trace MakeTrace(std::vector<MoeLayer> layers) {
  Trace trace;
  trace.has_token_ids = true;
  for (MoeLayer& layer : layers) {
    layer.offset = trace.row_ids;
    trace.row_ids += layer.k;
  }
  trace.layers = std::move(layers);
  return trace;
}

// A request whose row at token t uses experts t, t + 1, ... in every layer.
inline void AddSequence(Trace* trace, std::vector<uint64_t> tokens,
                        uint32_t prompt_tokens = 1) {
  Sequence sequence;
  sequence.id = "request-" + std::to_string(trace->sequences.size());
  sequence.prompt_tokens = prompt_tokens;
  for (size_t p = 0; p + 1 < tokens.size(); ++p) {
    Position position;
    position.row = static_cast<uint32_t>(trace->rows());
    position.source = Source::kObserved;
    position.executions = 1;
    sequence.positions.push_back(position);
    for (const MoeLayer& layer : trace->layers) {
      std::vector<uint16_t> set;
      for (uint32_t i = 0; i < layer.k; ++i) {
        set.push_back(static_cast<uint16_t>((tokens[p] + i) % layer.experts));
      }
      std::sort(set.begin(), set.end());
      trace->ids.insert(trace->ids.end(), set.begin(), set.end());
    }
  }
  sequence.tokens = std::move(tokens);
  trace->sequences.push_back(std::move(sequence));
}

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_STUDIES_TRACE_H_
