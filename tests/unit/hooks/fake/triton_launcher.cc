#include "tests/unit/hooks/fake/triton_launcher.h"

#include <dlfcn.h>

extern "C" int cuModuleGetFunction(void**, void*, const char*);

namespace {

void* LoadBinary(const char* name) {
  void* kernel = nullptr;
  cuModuleGetFunction(&kernel, nullptr, name);
  return kernel;
}

void* LookUp(const char* symbol) {
  void* driver = dlopen(FAKE_DRIVER, RTLD_LAZY);
  void* found = dlsym(driver, symbol);
  dlclose(driver);
  return found;
}

int Launch(const void* config, void* kernel, void** arguments) {
  using LaunchKernelEx = int (*)(const void*, void*, void**, void**);
  auto launch = reinterpret_cast<LaunchKernelEx>(LookUp("cuLaunchKernelEx"));
  return launch(config, kernel, arguments, nullptr);
}

}  // namespace

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

FAKE_EXPORT const fake::TritonLauncher launcher;
const fake::TritonLauncher launcher = {LoadBinary, Launch, LookUp};

#ifdef FAKE_IS_TRITON
FAKE_EXPORT void* PyInit_cuda_utils() { return nullptr; }
#endif
