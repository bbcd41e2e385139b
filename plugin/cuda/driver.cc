#include "plugin/cuda/driver.h"

#include <dlfcn.h>

namespace moetap {
namespace {

constinit Driver g_driver;
constinit bool g_found = false;

template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

// A handle's own definitions: those that this library interposes are not
// among them.
bool FindAll(void* cuda, Driver* d) {
  return Find(cuda, "cuCtxGetCurrent", &d->ctx_get_current) &&
         Find(cuda, "cuCtxGetDevice", &d->ctx_get_device) &&
         Find(cuda, "cuDeviceGetAttribute", &d->device_get_attribute) &&
         Find(cuda, "cuModuleLoadData", &d->module_load_data) &&
         Find(cuda, "cuModuleGetFunction", &d->module_get_function) &&
         Find(cuda, "cuMemAlloc_v2", &d->mem_alloc) &&
         Find(cuda, "cuMemFree_v2", &d->mem_free) &&
         Find(cuda, "cuMemHostRegister_v2", &d->mem_host_register) &&
         Find(cuda, "cuMemHostUnregister", &d->mem_host_unregister) &&
         Find(cuda, "cuMemHostGetDevicePointer_v2",
              &d->mem_host_get_device_pointer) &&
         Find(cuda, "cuMemsetD8Async", &d->memset_d8_async) &&
         Find(cuda, "cuStreamCreate", &d->stream_create) &&
         Find(cuda, "cuStreamSynchronize", &d->stream_synchronize) &&
         Find(cuda, "cuStreamDestroy_v2", &d->stream_destroy) &&
         Find(cuda, "cuStreamGetCaptureInfo_v2", &d->stream_get_capture_info) &&
         Find(cuda, "cuThreadExchangeStreamCaptureMode",
              &d->thread_exchange_capture_mode) &&
         Find(cuda, "cuLaunchKernelEx", &d->launch_kernel_ex);
}

}  // namespace

const Driver* GetDriver() {
  if (g_found) return &g_driver;
  void* cuda = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (cuda == nullptr) return nullptr;
  g_found = FindAll(cuda, &g_driver);
  return g_found ? &g_driver : nullptr;
}

}  // namespace moetap
