// What Triton's compiled driver.c does, as far as hooks meet it.
#ifndef MOETAP_TESTS_UNIT_HOOKS_FAKE_TRITON_LAUNCHER_H_
#define MOETAP_TESTS_UNIT_HOOKS_FAKE_TRITON_LAUNCHER_H_

namespace fake {

struct TritonLauncher {
  // By the function that the loader bound.
  void* (*load_binary)(const char* name);
  // By dlsym() on a handle of the driver.
  int (*launch)(const void* config, void* kernel, void** arguments);
  // The same dlsym().
  void* (*look_up)(const char* symbol);
};

}  // namespace fake

#endif  // MOETAP_TESTS_UNIT_HOOKS_FAKE_TRITON_LAUNCHER_H_
