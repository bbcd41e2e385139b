// What one routed expert's weights take.
#ifndef MOETAP_ANALYSIS_STUDIES_EXPERT_BYTES_H_
#define MOETAP_ANALYSIS_STUDIES_EXPERT_BYTES_H_

#include <cstdint>
#include <optional>

#include "analysis/capture.h"

namespace moetap {

// 3 * hidden_size * moe_intermediate_size * bytes of a weight, by the capture's
// facts: gate, up and down projection of one expert, on all tensor-parallel
// ranks together, without scales.  A weight has 1 byte if `quantization` is
// one of fp8 or 8-bit integers, else that of `dtype` if it is "none".  Nothing
// if a fact is absent or another quantization is used.
std::optional<uint64_t> ExpertBytes(const Capture& capture);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EXPERT_BYTES_H_
