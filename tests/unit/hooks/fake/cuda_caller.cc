// Calls each entry point as the loader bound it.
#include "tests/unit/hooks/fake/cuda.h"

#define FAKE_DECLARE(name, parameters, arguments) \
  extern "C" int name parameters;                 \
  static int Call##name parameters { return name arguments; }
FAKE_CUDA(FAKE_DECLARE)

extern "C" __attribute__((visibility("default")))
const fake::CudaCalls cuda_calls = {
#define FAKE_ADDRESS(name, parameters, arguments) Call##name,
    FAKE_CUDA(FAKE_ADDRESS)
#undef FAKE_ADDRESS
};
