// One launch of a kernel, as its host version sees it.
#ifndef MOETAP_TESTS_CUDA_STANDIN_KERNELS_LAUNCH_H_
#define MOETAP_TESTS_CUDA_STANDIN_KERNELS_LAUNCH_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "hooks/cuda/kernel_name.h"
#include "tests/cuda_standin/kernels.h"

namespace standin {

struct Launch {
  const char* name;  // as launched
  Dim3 grid;
  void** args;
  int nargs;

  template <typename T>
  T Argument(int index) const {
    T value;
    memcpy(&value, args[index], sizeof value);
    return value;
  }

  template <typename T>
  T* Pointer(int index) const {
    return Argument<T*>(index);
  }
};

// A host version of a kernel that nvcc compiled.
struct KernelEntry {
  std::string_view base;  // mangled name up to and with the I of the template
  int min_arguments;
  void (*run)(const Launch& launch, const moetap::KernelName& name);
};

// Each false if the name is none of its kernels.
bool RunVllmRouter(const Launch& launch);
bool RunSglangRouter(const Launch& launch);
bool RunTorchKernel(const Launch& launch);
bool RunTorchIndexing(const Launch& launch);
bool RunTritonKernel(const Launch& launch);

// As KernelParameterSizes.
int TorchParameterSizes(std::string_view name, int* sizes, int capacity);
int IndexingParameterSizes(std::string_view name, int* sizes, int capacity);

// Runs the host version of `launch` among `kernels`.
template <typename Kernels>
bool RunAmong(const Kernels& kernels, const Launch& launch) {
  std::string_view mangled = launch.name;
  for (const KernelEntry& kernel : kernels) {
    if (!mangled.starts_with(kernel.base)) continue;
    moetap::KernelName name;
    if (launch.nargs < kernel.min_arguments) return false;
    if (!moetap::ParseKernelName(mangled, &name)) return false;
    kernel.run(launch, name);
    return true;
  }
  return false;
}

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_KERNELS_LAUNCH_H_
