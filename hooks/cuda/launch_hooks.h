// What the launch hooks of the runtime and of the driver share.
#ifndef MOETAP_HOOKS_CUDA_LAUNCH_HOOKS_H_
#define MOETAP_HOOKS_CUDA_LAUNCH_HOOKS_H_

#include "hooks/cuda/entry_point.h"
#include "hooks/cuda/kernel_table.h"
#include "hooks/cuda/observe_launch.h"

namespace moetap {

// Reports the launch of `handle`, which ended with `status`, if the kernel is
// ours; returns `status`.
inline CudaStatus ObserveIfOurs(const OutermostCall& call, CudaStatus status,
                                const void* handle, const Launch& launch) {
  if (call.sink() == nullptr || status != kCudaSuccess) return status;
  Kernel* kernel = g_kernels.Find(handle);
  if (kernel != nullptr) ObserveLaunch(*call.sink(), *kernel, launch);
  return status;
}

// `Config` is either launch configuration.
template <typename Config>
bool IsProgrammatic(const Config& config) {
  for (uint32_t i = 0; i < config.attribute_count; ++i) {
    const CudaLaunchAttribute& attribute = config.attributes[i];
    if (attribute.id == kCudaProgrammaticStream) {
      return attribute.value.programmatic != 0;
    }
  }
  return false;
}

// The same for launches with a configuration; reads it only for our kernels.
template <typename Config>
CudaStatus ObserveConfigIfOurs(const OutermostCall& call, CudaStatus status,
                               const void* handle, const Config* config,
                               CudaStream (*normalize)(CudaStream),
                               void** arguments) {
  if (call.sink() == nullptr || status != kCudaSuccess) return status;
  Kernel* kernel = g_kernels.Find(handle);
  if (kernel == nullptr) return status;
  ObserveLaunch(*call.sink(), *kernel,
                {.grid_x = config->grid.x,
                 .arguments = arguments,
                 .stream = normalize(config->stream),
                 .programmatic = IsProgrammatic(*config)});
  return status;
}

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_LAUNCH_HOOKS_H_
