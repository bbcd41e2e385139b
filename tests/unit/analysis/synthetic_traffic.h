// The requests that the made-up engine serves, and how it routes them.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_TRAFFIC_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_TRAFFIC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/analysis/synthetic_capture.h"

namespace moetap {

struct SimRequest {
  uint32_t number = 0;
  std::string id;
  uint32_t prompt = 0;
  std::vector<uint32_t> tokens;  // prompt, then all it will sample
  uint32_t known = 0;            // tokens the engine has
  uint32_t computed = 0;         // positions in the KV cache
  std::vector<uint32_t> blocks;
  bool preempt = false;    // once, in the middle of decoding
  bool overshoot = false;  // one row more after its last token
  bool finished = false;

  // Hash of the first n tokens.
  uint64_t Prefix(uint32_t n) const;
};

// Requests of one prompt share it; every other one also shares the first
// sampled tokens, as branches of a search do.
std::vector<SimRequest> MakeTraffic(const SyntheticOptions& options);

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_TRAFFIC_H_
