// Kernels that Triton compiles.  Their names are plain and have no types, and
// a parameter is missing where its argument was 1, so a form is told by the
// sizes of all parameters.
#ifndef MOETAP_HOOKS_CUDA_TRITON_KERNELS_H_
#define MOETAP_HOOKS_CUDA_TRITON_KERNELS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "hooks/cuda/kernel_match.h"

namespace moetap {

// Whether a kernel of this name may be ours.
bool IsTritonRouter(std::string_view name);

// `sizes` are the bytes of each parameter; empty: the driver does not tell.
// Any thread; allocates nothing.
KernelMatch MatchTritonKernel(std::string_view name,
                              std::span<const size_t> sizes);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_TRITON_KERNELS_H_
