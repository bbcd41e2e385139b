// The requests of one prompt by one decoding strategy: what codes they gave,
// and what the engine computed for each.
#ifndef MOETAP_ANALYSIS_STUDIES_ENSEMBLES_H_
#define MOETAP_ANALYSIS_STUDIES_ENSEMBLES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/code_groups.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

// What a request gave.  Stable.
enum class Outcome : uint8_t {
  kNewGroup,     // "new_groups": a code that no earlier one is equivalent to
  kDuplicate,    // "duplicates": a code that an earlier one is equivalent to
  kNotCompiled,  // "not_compiled": an answer that does not compile
  kUnfinished,   // "unfinished": cut off, or a dropped beam: no sample
};
inline constexpr size_t kOutcomes = 4;
const char* OutcomeName(Outcome outcome);

struct EnsembleRequest {
  uint32_t sequence = 0;    // in the trace
  uint32_t sample = kNone;  // in CodeSamples; kNone: unfinished
  uint32_t group = kNone;   // kNone: no code that compiled
  Outcome outcome = Outcome::kUnfinished;
  uint64_t tokens = 0;  // computed for it that no earlier one had computed
};

// Of one trace.
struct Ensemble {
  uint32_t trace = 0;
  uint32_t prompt = 0;                    // in CodeSamples::prompts
  std::string strategy;                   // "" if unknown
  std::vector<EnsembleRequest> requests;  // in order of the capture
  Forest forest;                          // of its requests alone
  // sharers[m]: token paths computed that m of the requests have.
  std::vector<uint64_t> sharers;

  uint64_t tokens() const;  // computed
  uint64_t codes() const;   // served: all but the unfinished ones
  // Codes in each group.
  std::vector<uint64_t> Abundances() const;
};

// Whether a forward pass was needed for the position (computed-path@1 of
// docs/studies.md).
inline bool IsComputed(const Position& position) {
  return position.source != Source::kMissing || position.executions > 0;
}

// The token paths of a forest, in the numbering of token_paths.h.
struct ComputedPaths {
  std::vector<uint32_t> first;    // sequence that computed it; kNone: nobody
  std::vector<uint32_t> sharers;  // sequences that have it computed
  std::vector<uint32_t> rows;     // in the trace, of the first that has one;
                                  // kNone: no routing
};
ComputedPaths FindComputed(const Trace& trace, const Forest& forest);

// Of all traces, prompts in order and then strategies by name.  Requests of a
// prompt without a sample are in none.
std::vector<Ensemble> FindEnsembles(std::span<const Trace> traces,
                                    const CodeSamples& samples);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ENSEMBLES_H_
