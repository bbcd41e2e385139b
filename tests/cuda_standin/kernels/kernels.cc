#include "tests/cuda_standin/kernels.h"

#include "tests/cuda_standin/kernels/launch.h"

namespace standin {

bool RunKernel(const char* name, Dim3 grid, Dim3, void** args, int nargs) {
  Launch launch = {name, grid, args, nargs};
  return RunVllmRouter(launch) || RunSglangRouter(launch) ||
         RunTorchKernel(launch);
}

int KernelParameterSizes(const char* name, int* sizes, int capacity) {
  return TorchParameterSizes(name, sizes, capacity);
}

}  // namespace standin
