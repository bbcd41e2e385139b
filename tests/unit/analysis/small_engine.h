// A made-up engine of one layer whose steps a test spells out.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_SMALL_ENGINE_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_SMALL_ENGINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/analysis/capture_writer.h"

namespace moetap {

// One layer (number 3), k = 2, 8 experts, KV blocks of two positions.
class SmallEngine {
 public:
  explicit SmallEngine(uint32_t number = 0, uint32_t tp_rank = 0)
      : writer_(number) {
    writer_.Fact("role", "worker");
    writer_.Fact("model", "small");
    writer_.Fact("moe_layers", "3");
    writer_.Fact("kv_block_size", "2");
    writer_.Fact("tp_rank", std::to_string(tp_rank));
    writer_.Layer(0, 3, 8);
  }

  void Request(uint32_t number, const std::string& id,
               const std::vector<uint32_t>& prompt, uint64_t step) {
    writer_.Request(number, id, static_cast<uint32_t>(prompt.size()), step);
    writer_.Tokens(number, 0, prompt);
  }

  // A real step; row r of it is routed to {base + r, 7}.
  void Step(uint64_t step, const std::vector<SpanRecord>& spans, uint16_t base,
            uint32_t padding = 0) {
    uint32_t rows = padding;
    for (const SpanRecord& span : spans) rows += span.rows;
    std::vector<uint16_t> ids;
    for (uint16_t r = 0; r < rows; ++r) {
      ids.push_back(static_cast<uint16_t>(base + r));
      ids.push_back(7);
    }
    writer_.StepBegin(step, static_cast<uint16_t>(log::StepKind::Real), spans);
    writer_.Dispatch(step, 0, 2, ids);
    writer_.StepEnd(step, 1, 1);
  }

  CaptureWriter& writer() { return writer_; }

 private:
  CaptureWriter writer_;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_SMALL_ENGINE_H_
