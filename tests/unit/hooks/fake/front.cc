// A hook of somebody else's, in front of ours in the loader's order.
#include <dlfcn.h>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

FAKE_EXPORT int front_calls;
int front_calls = 0;
FAKE_EXPORT void* front_next;
void* front_next = nullptr;

FAKE_EXPORT int cudaGraphLaunch(void* exec, void* stream) {
  ++front_calls;
  front_next = dlsym(RTLD_NEXT, "cudaGraphLaunch");
  auto* next = reinterpret_cast<int (*)(void*, void*)>(front_next);
  return next(exec, stream);
}
