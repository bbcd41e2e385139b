#include "plugin/cuda/capture_ptx.h"

#include "plugin/cuda/embedded_ptx.h"

namespace moetap {

std::string_view CapturePtx(int compute_capability_major) {
  if (compute_capability_major >= 9) return kPtx90;
  if (compute_capability_major == 8) return kPtx80;
  return {};
}

}  // namespace moetap
