// The launches of the CUDA runtime.  Those that end in _ptsz are what code
// compiled for per-thread default streams calls.
#include "hooks/cuda/launch_hooks.h"

namespace moetap {

using Handle = const void*;

#define MOETAP_LAUNCH(symbol, normalize)                              \
  MOETAP_ENTRY_POINT CudaStatus symbol(                               \
      Handle kernel, CudaDim3 grid, CudaDim3 block, void** arguments, \
      size_t shared_bytes, CudaStream stream) {                       \
    auto* real = MOETAP_FIND_REAL(symbol);                            \
    if (real == nullptr) return kCudaSymbolNotFound;                  \
    const OutermostCall call;                                         \
    CudaStatus status =                                               \
        real(kernel, grid, block, arguments, shared_bytes, stream);   \
    return ObserveIfOurs(call, status, kernel,                        \
                         {.grid_x = grid.x,                           \
                          .arguments = arguments,                     \
                          .stream = normalize(stream)});              \
  }

MOETAP_LAUNCH(cudaLaunchKernel, OrLegacy)
MOETAP_LAUNCH(cudaLaunchKernel_ptsz, OrPerThread)
MOETAP_LAUNCH(__cudaLaunchKernel, OrLegacy)
MOETAP_LAUNCH(__cudaLaunchKernel_ptsz, OrPerThread)
MOETAP_LAUNCH(cudaLaunchCooperativeKernel, OrLegacy)
MOETAP_LAUNCH(cudaLaunchCooperativeKernel_ptsz, OrPerThread)

#define MOETAP_LAUNCH_CONFIG(symbol, normalize)                               \
  MOETAP_ENTRY_POINT CudaStatus symbol(const CudaRuntimeLaunchConfig* config, \
                                       Handle kernel, void** arguments) {     \
    auto* real = MOETAP_FIND_REAL(symbol);                                    \
    if (real == nullptr) return kCudaSymbolNotFound;                          \
    const OutermostCall call;                                                 \
    CudaStatus status = real(config, kernel, arguments);                      \
    return ObserveConfigIfOurs(call, status, kernel, config, normalize,       \
                               arguments);                                    \
  }

MOETAP_LAUNCH_CONFIG(cudaLaunchKernelExC, OrLegacy)
MOETAP_LAUNCH_CONFIG(cudaLaunchKernelExC_ptsz, OrPerThread)

}  // namespace moetap
