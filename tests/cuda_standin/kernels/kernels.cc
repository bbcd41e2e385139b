#include "tests/cuda_standin/kernels.h"

#include "tests/cuda_standin/kernels/launch.h"

namespace standin {

bool RunKernel(const char* name, Dim3 grid, Dim3, void** args, int nargs) {
  Launch launch = {name, grid, args, nargs};
  return RunVllmRouter(launch) || RunSglangRouter(launch) ||
         RunTorchKernel(launch) || RunTorchIndexing(launch) ||
         RunTritonKernel(launch);
}

int KernelParameterSizes(const char* name, int* sizes, int capacity) {
  int count = TorchParameterSizes(name, sizes, capacity);
  if (count == 0) count = IndexingParameterSizes(name, sizes, capacity);
  return count;
}

}  // namespace standin
