// Entry points that give a kernel a handle.  None of them calls the sink:
// registration happens while the process is still dormant.
#include "hooks/cuda/entry_point.h"
#include "hooks/cuda/kernel_table.h"
#include "hooks/cuda/lookup_redirect.h"
#include "hooks/cuda/triton_kernels.h"

namespace moetap {

using Handle = const void*;

namespace {

constexpr size_t kMaxTritonParameters = 16;

// Names a kernel of Triton's by the sizes of its parameters, which drivers
// tell since CUDA 12.4.
void NameTritonKernel(Handle kernel, const char* name, const void* caller) {
  using GetParamInfo = CudaStatus(Handle, size_t, size_t*, size_t*);
  static constinit RealEntry<GetParamInfo> entry("cuFuncGetParamInfo");
  auto* get_param_info = entry.Find(caller);
  size_t sizes[kMaxTritonParameters];
  size_t count = 0;
  size_t offset;
  while (get_param_info != nullptr && count < kMaxTritonParameters &&
         get_param_info(kernel, count, &offset, &sizes[count]) ==
             kCudaSuccess) {
    ++count;
  }
  g_kernels.Match(kernel, MatchTritonKernel(name, {sizes, count}), name);
}

}  // namespace

// The name under which nvcc's start-up code registers a kernel, and the host
// function that stands for it.
MOETAP_ENTRY_POINT void __cudaRegisterFunction(void** binary, const char* host,
                                               char* device, const char* name,
                                               int thread_limit, void* thread,
                                               void* block, void* block_size,
                                               void* grid_size, int* warp) {
  auto* real = MOETAP_FIND_REAL(__cudaRegisterFunction);
  if (real == nullptr) return;
  real(binary, host, device, name, thread_limit, thread, block, block_size,
       grid_size, warp);
  g_kernels.Name(host, name);
}

// Entry points that put into *out another handle of the kernel that `known` is
// a handle of.
#define MOETAP_ANOTHER_HANDLE(symbol, not_found)                    \
  MOETAP_ENTRY_POINT CudaStatus symbol(Handle* out, Handle known) { \
    auto* real = MOETAP_FIND_REAL(symbol);                          \
    if (real == nullptr) return not_found;                          \
    CudaStatus status = real(out, known);                           \
    if (status == kCudaSuccess) {                                   \
      g_kernels.Assign(*out, g_kernels.Find(known));                \
    }                                                               \
    return status;                                                  \
  }

MOETAP_ANOTHER_HANDLE(__cudaGetKernel, kCudaSymbolNotFound)
MOETAP_ANOTHER_HANDLE(cudaGetKernel, kCudaSymbolNotFound)
MOETAP_ANOTHER_HANDLE(cudaGetFuncBySymbol, kCudaSymbolNotFound)
MOETAP_ANOTHER_HANDLE(cuKernelGetFunction, kCudaNotFound)

// Entry points that put into *out the handle of the kernel `name` in a loaded
// module or library.
#define MOETAP_HANDLE_BY_NAME(symbol, not_found)                    \
  MOETAP_ENTRY_POINT CudaStatus symbol(Handle* out, Handle library, \
                                       const char* name) {          \
    auto* real = MOETAP_FIND_REAL(symbol);                          \
    if (real == nullptr) return not_found;                          \
    CudaStatus status = real(out, library, name);                   \
    if (status == kCudaSuccess) g_kernels.Name(*out, name);         \
    return status;                                                  \
  }

MOETAP_HANDLE_BY_NAME(cudaLibraryGetKernel, kCudaSymbolNotFound)
MOETAP_HANDLE_BY_NAME(cuLibraryGetKernel, kCudaNotFound)

// Triton's launcher comes here before its first launch.
MOETAP_ENTRY_POINT CudaStatus cuModuleGetFunction(Handle* out, Handle module,
                                                  const char* name) {
  auto* real = MOETAP_FIND_REAL(cuModuleGetFunction);
  if (real == nullptr) return kCudaNotFound;
  const void* caller = __builtin_return_address(0);
  RedirectTritonLookups(caller);
  CudaStatus status = real(out, module, name);
  if (status != kCudaSuccess) return status;
  if (IsTritonRouter(name)) {
    NameTritonKernel(*out, name, caller);
  } else {
    g_kernels.Name(*out, name);
  }
  return status;
}

}  // namespace moetap
