#include "analysis/studies/expert_bytes.h"

#include <string>
#include <string_view>

#include "analysis/trace/engines.h"

namespace moetap {
namespace {

// 0: not known.
uint64_t WeightBytes(std::string_view dtype, std::string_view quantization) {
  for (const std::string_view name :
       {"fp8", "fbgemm_fp8", "ptpc_fp8", "experts_int8"}) {
    if (quantization == name) return 1;
  }
  if (quantization != "none") return 0;
  if (dtype == "bfloat16" || dtype == "float16") return 2;
  if (dtype == "float32") return 4;
  const bool byte = dtype.starts_with("float8") || dtype == "int8";
  return byte ? 1 : 0;
}

}  // namespace

std::optional<uint64_t> ExpertBytes(const Capture& capture) {
  // More is no model, and its product might not fit.
  constexpr uint64_t kLargest = uint64_t{1} << 24;
  for (const CaptureFile& file : capture.files) {
    const uint64_t hidden = NumberFact(file, "hidden_size", 0);
    const uint64_t inner = NumberFact(file, "moe_intermediate_size", 0);
    const uint64_t weight =
        WeightBytes(file.fact("dtype"), file.fact("quantization"));
    if (hidden == 0 || inner == 0 || weight == 0) continue;
    if (hidden > kLargest || inner > kLargest) continue;
    return 3 * hidden * inner * weight;
  }
  return std::nullopt;
}

}  // namespace moetap
