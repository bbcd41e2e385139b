// Launches kernels through what the loader bound, and past it.
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

struct dim3 {
  uint32_t x, y, z;
};

extern "C" {

using LaunchKernel = int(const void*, dim3, dim3, void**, size_t, void*);
LaunchKernel cudaLaunchKernel;

static void Launch(LaunchKernel* launch, int count,
                   const void* const* kernels) {
  void* arguments[1] = {};
  for (int i = 0; i < count; ++i) {
    launch(kernels[i], {1, 1, 1}, {32, 1, 1}, arguments, 0, nullptr);
  }
}

__attribute__((visibility("default"))) void launch_as_bound(
    int count, const void* const* kernels) {
  Launch(&cudaLaunchKernel, count, kernels);
}

__attribute__((visibility("default"))) void launch_directly(
    int count, const void* const* kernels) {
  static auto* const direct = reinterpret_cast<LaunchKernel*>(
      dlsym(dlopen(EMPTY_CUDA, RTLD_NOW | RTLD_NOLOAD), "cudaLaunchKernel"));
  Launch(direct, count, kernels);
}

}  // extern "C"
