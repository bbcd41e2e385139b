// Entry points that give a kernel a handle.  None of them calls the sink:
// registration happens while the process is still dormant.
#include "hooks/cuda/entry_point.h"
#include "hooks/cuda/kernel_table.h"

namespace moetap {

using Handle = const void*;

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
MOETAP_HANDLE_BY_NAME(cuModuleGetFunction, kCudaNotFound)

}  // namespace moetap
