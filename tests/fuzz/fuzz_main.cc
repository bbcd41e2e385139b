// libFuzzer's entry.  The program's name says which target it runs.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/targets.h"

static void (*target)(moetap::Bytes);

extern "C" int LLVMFuzzerInitialize(int*, char*** argv) {
  const char* slash = std::strrchr((*argv)[0], '/');
  const char* name = slash == nullptr ? (*argv)[0] : slash + 1;
  for (const auto& candidate : moetap::fuzz::Targets()) {
    if (std::strcmp(name, candidate.name) == 0) target = candidate.run;
  }
  if (target == nullptr) {
    std::fprintf(stderr, "%s: is no target\n", name);
    std::abort();
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target({data, size});
  return 0;
}
