// A CUDA runtime and driver of our own making that write down how they were
// called, and a library that calls them as an engine's extension does.
#ifndef MOETAP_TESTS_UNIT_HOOKS_FAKE_CUDA_H_
#define MOETAP_TESTS_UNIT_HOOKS_FAKE_CUDA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fake {

struct Dim3 {
  uint32_t x, y, z;
};

// Parameters of entry points, and their names; an `a` of type void** takes a
// handle.
#define FAKE_LAUNCH \
  (const void* a, fake::Dim3 b, fake::Dim3 c, void** d, size_t e, void* f)
#define FAKE_CONFIG (const void* a, const void* b, void** c)
#define FAKE_DRIVER_CONFIG (const void* a, void* b, void** c, void** d)
#define FAKE_COOPERATIVE                                                \
  (void* a, unsigned b, unsigned c, unsigned d, unsigned e, unsigned f, \
   unsigned g, unsigned h, void* i, void** j)
#define FAKE_DRIVER_LAUNCH                                              \
  (void* a, unsigned b, unsigned c, unsigned d, unsigned e, unsigned f, \
   unsigned g, unsigned h, void* i, void** j, void** k)
#define FAKE_REGISTER                                                    \
  (const void* a, const void* b, char* c, const char* d, int e, void* f, \
   void* g, void* h, void* i, int* j)
#define FAKE_TO_HANDLE (void** a, const void* b)
#define FAKE_NAMED (void** a, void* b, const char* c)
#define FAKE_FLAGS (void** a, void* b, unsigned long long c)
#define FAKE_OUT3 (void** a, void* b, void* c)
#define FAKE_LOG (void** a, void* b, void* c, char* d, size_t e)
#define FAKE_IN1 (void* a)
#define FAKE_IN2 (void* a, void* b)
#define FAKE_IN3 (void* a, void* b, void* c)
#define FAKE_IN4 (void* a, void* b, void* c, void* d)

// X(name, parameters, names of the parameters)
#define FAKE_CUDA(X)                                                       \
  X(__cudaRegisterFunction, FAKE_REGISTER, (a, b, c, d, e, f, g, h, i, j)) \
  X(__cudaGetKernel, FAKE_TO_HANDLE, (a, b))                               \
  X(cudaGetKernel, FAKE_TO_HANDLE, (a, b))                                 \
  X(cudaGetFuncBySymbol, FAKE_TO_HANDLE, (a, b))                           \
  X(cuKernelGetFunction, FAKE_TO_HANDLE, (a, b))                           \
  X(cudaLibraryGetKernel, FAKE_NAMED, (a, b, c))                           \
  X(cuLibraryGetKernel, FAKE_NAMED, (a, b, c))                             \
  X(cuModuleGetFunction, FAKE_NAMED, (a, b, c))                            \
  X(cudaLaunchKernel, FAKE_LAUNCH, (a, b, c, d, e, f))                     \
  X(cudaLaunchKernel_ptsz, FAKE_LAUNCH, (a, b, c, d, e, f))                \
  X(__cudaLaunchKernel, FAKE_LAUNCH, (a, b, c, d, e, f))                   \
  X(__cudaLaunchKernel_ptsz, FAKE_LAUNCH, (a, b, c, d, e, f))              \
  X(cudaLaunchCooperativeKernel, FAKE_LAUNCH, (a, b, c, d, e, f))          \
  X(cudaLaunchCooperativeKernel_ptsz, FAKE_LAUNCH, (a, b, c, d, e, f))     \
  X(cudaLaunchKernelExC, FAKE_CONFIG, (a, b, c))                           \
  X(cudaLaunchKernelExC_ptsz, FAKE_CONFIG, (a, b, c))                      \
  X(cuLaunchKernel, FAKE_DRIVER_LAUNCH, (a, b, c, d, e, f, g, h, i, j, k)) \
  X(cuLaunchKernel_ptsz, FAKE_DRIVER_LAUNCH,                               \
    (a, b, c, d, e, f, g, h, i, j, k))                                     \
  X(cuLaunchKernelEx, FAKE_DRIVER_CONFIG, (a, b, c, d))                    \
  X(cuLaunchKernelEx_ptsz, FAKE_DRIVER_CONFIG, (a, b, c, d))               \
  X(cuLaunchCooperativeKernel, FAKE_COOPERATIVE,                           \
    (a, b, c, d, e, f, g, h, i, j))                                        \
  X(cuLaunchCooperativeKernel_ptsz, FAKE_COOPERATIVE,                      \
    (a, b, c, d, e, f, g, h, i, j))                                        \
  X(cudaGraphInstantiate, FAKE_FLAGS, (a, b, c))                           \
  X(cudaGraphInstantiateWithFlags, FAKE_FLAGS, (a, b, c))                  \
  X(cudaGraphInstantiateWithParams, FAKE_OUT3, (a, b, c))                  \
  X(cudaGraphInstantiateWithParams_ptsz, FAKE_OUT3, (a, b, c))             \
  X(cudaGraphExecUpdate, FAKE_IN3, (a, b, c))                              \
  X(cudaGraphClone, FAKE_TO_HANDLE, (a, b))                                \
  X(cudaGraphLaunch, FAKE_IN2, (a, b))                                     \
  X(cudaGraphLaunch_ptsz, FAKE_IN2, (a, b))                                \
  X(cudaGraphDestroy, FAKE_IN1, (a))                                       \
  X(cudaGraphExecDestroy, FAKE_IN1, (a))                                   \
  X(cuGraphInstantiate, FAKE_LOG, (a, b, c, d, e))                         \
  X(cuGraphInstantiate_v2, FAKE_LOG, (a, b, c, d, e))                      \
  X(cuGraphInstantiateWithFlags, FAKE_FLAGS, (a, b, c))                    \
  X(cuGraphInstantiateWithParams, FAKE_OUT3, (a, b, c))                    \
  X(cuGraphInstantiateWithParams_ptsz, FAKE_OUT3, (a, b, c))               \
  X(cuGraphExecUpdate, FAKE_IN4, (a, b, c, d))                             \
  X(cuGraphExecUpdate_v2, FAKE_IN3, (a, b, c))                             \
  X(cuGraphClone, FAKE_TO_HANDLE, (a, b))                                  \
  X(cuGraphLaunch, FAKE_IN2, (a, b))                                       \
  X(cuGraphLaunch_ptsz, FAKE_IN2, (a, b))                                  \
  X(cuGraphDestroy, FAKE_IN1, (a))                                         \
  X(cuGraphExecDestroy, FAKE_IN1, (a))

// What the library saw.  `calls` and `status` are for one thread at a time.
struct Cuda {
  struct Call {
    std::string name;
    std::vector<uint64_t> arguments;  // a Dim3 is three
  };
  bool keep = true;  // false: calls are not written down
  std::vector<Call> calls;
  int status = 0;                       // of the next calls
  void* handle = nullptr;               // what they hand out
  std::vector<size_t> parameter_sizes;  // of every kernel
  std::function<void()> inside;         // called inside the next call
};

// The same names as members, called from inside the calling library.
struct CudaCalls {
#define FAKE_MEMBER(name, parameters, arguments) int(*name) parameters;
  FAKE_CUDA(FAKE_MEMBER)
#undef FAKE_MEMBER
};

}  // namespace fake

#endif  // MOETAP_TESTS_UNIT_HOOKS_FAKE_CUDA_H_
