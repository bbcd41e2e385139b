// The kernels of capture_kernel.h as PTX, embedded when the library was built
// (MOETAP_HAS_CUDA of cmake/cuda.cmake).
#ifndef MOETAP_PLUGIN_CUDA_CAPTURE_PTX_H_
#define MOETAP_PLUGIN_CUDA_CAPTURE_PTX_H_

#include <string_view>

namespace moetap {

// For a device of this compute capability; a NUL follows the text.  Empty for
// devices before sm_80.
std::string_view CapturePtx(int compute_capability_major);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CAPTURE_PTX_H_
