// The launches of the CUDA driver, as libraries call them that load their own
// kernels.  `extra`, where it is not null, holds the arguments in one buffer:
// such a launch of a kernel of ours is reported as unreadable.
#include "hooks/cuda/launch_hooks.h"

namespace moetap {

using Handle = const void*;

#define MOETAP_LAUNCH(symbol, normalize)                                       \
  MOETAP_ENTRY_POINT CudaStatus symbol(                                        \
      Handle kernel, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z,        \
      uint32_t block_x, uint32_t block_y, uint32_t block_z,                    \
      uint32_t shared_bytes, CudaStream stream, void** arguments,              \
      void** extra) {                                                          \
    auto* real = MOETAP_FIND_REAL(symbol);                                     \
    if (real == nullptr) return kCudaNotFound;                                 \
    const OutermostCall call;                                                  \
    CudaStatus status = real(kernel, grid_x, grid_y, grid_z, block_x, block_y, \
                             block_z, shared_bytes, stream, arguments, extra); \
    return ObserveIfOurs(call, status, kernel,                                 \
                         {.grid_x = grid_x,                                    \
                          .arguments = arguments,                              \
                          .stream = normalize(stream)});                       \
  }

MOETAP_LAUNCH(cuLaunchKernel, OrLegacy)
MOETAP_LAUNCH(cuLaunchKernel_ptsz, OrPerThread)

#define MOETAP_LAUNCH_COOPERATIVE(symbol, normalize)                           \
  MOETAP_ENTRY_POINT CudaStatus symbol(                                        \
      Handle kernel, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z,        \
      uint32_t block_x, uint32_t block_y, uint32_t block_z,                    \
      uint32_t shared_bytes, CudaStream stream, void** arguments) {            \
    auto* real = MOETAP_FIND_REAL(symbol);                                     \
    if (real == nullptr) return kCudaNotFound;                                 \
    const OutermostCall call;                                                  \
    CudaStatus status = real(kernel, grid_x, grid_y, grid_z, block_x, block_y, \
                             block_z, shared_bytes, stream, arguments);        \
    return ObserveIfOurs(call, status, kernel,                                 \
                         {.grid_x = grid_x,                                    \
                          .arguments = arguments,                              \
                          .stream = normalize(stream)});                       \
  }

MOETAP_LAUNCH_COOPERATIVE(cuLaunchCooperativeKernel, OrLegacy)
MOETAP_LAUNCH_COOPERATIVE(cuLaunchCooperativeKernel_ptsz, OrPerThread)

#define MOETAP_LAUNCH_CONFIG(symbol, normalize)                              \
  MOETAP_ENTRY_POINT CudaStatus symbol(const CudaDriverLaunchConfig* config, \
                                       Handle kernel, void** arguments,      \
                                       void** extra) {                       \
    auto* real = MOETAP_FIND_REAL(symbol);                                   \
    if (real == nullptr) return kCudaNotFound;                               \
    const OutermostCall call;                                                \
    CudaStatus status = real(config, kernel, arguments, extra);              \
    return ObserveConfigIfOurs(call, status, kernel, config, normalize,      \
                               arguments);                                   \
  }

MOETAP_LAUNCH_CONFIG(cuLaunchKernelEx, OrLegacy)
MOETAP_LAUNCH_CONFIG(cuLaunchKernelEx_ptsz, OrPerThread)

}  // namespace moetap
