// What the stand-in runtime offers beside CUDA's own interface: to the host
// versions of kernels while they run, and to tests.
#ifndef MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_
#define MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_

#include <cstdint>
#include <functional>
#include <string>

#include "tests/cuda_standin/kernels.h"

#define STANDIN_EXPORT __attribute__((visibility("default")))

namespace standin {

// Whether an address is inside an allocation of a stand-in device.
STANDIN_EXPORT bool IsDeviceMemory(const void* address);

// What the calling thread is running.
struct Execution {
  int device = 0;
  uint64_t stream = 0;  // id, as cudaStreamGetId tells
  bool replay = false;
  uint64_t graph = 0;  // id of the executable graph; 0: none
};
// All zero outside of a kernel or host function.
STANDIN_EXPORT Execution CurrentExecution();

// Until the kernel before this one in its stream has finished; at once unless
// this kernel was launched with programmatic stream serialization.  Host
// versions of RunKernel are called after this wait.
STANDIN_EXPORT void GridDependencyWait();

// Writes the line of an executed router kernel, rows * k ids row after row.
STANDIN_EXPORT void LogRouter(const char* kernel, uint32_t rows, uint32_t k,
                              uint32_t experts, const int64_t* ids);

// The host version of a kernel by its name; comes before RunKernel, and calls
// GridDependencyWait itself.  `args` as for cudaLaunchKernel.
using HostKernel = std::function<void(Dim3 grid, Dim3 block, void** args)>;
STANDIN_EXPORT void RegisterHostKernel(const char* name, HostKernel kernel);

// Starts the order of execution anew.  Call while nothing is queued.
STANDIN_EXPORT void Seed(uint64_t seed);

// The n-th call from now of an entry point (1: the next) fails with a code and
// does nothing; n = 0 takes all such rules of the entry point back.  With a
// caller, only calls from objects whose file name contains it count.
STANDIN_EXPORT void FailCall(const std::string& entry, int n, int code,
                             const std::string& caller = "");

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_
