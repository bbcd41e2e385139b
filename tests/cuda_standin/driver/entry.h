// What every entry point of the driver does first.
#ifndef MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_H_
#define MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_H_

#include <cuda.h>

#include "tests/cuda_standin/core/context.h"
#include "tests/cuda_standin/core/failures.h"

// Name and caller of the entry point it is written in.
#define STANDIN_HERE __func__, __builtin_return_address(0)

namespace standin {

// For calls that work without a context.
template <typename Body>
CUresult CallAnywhere(const char* entry, const void* caller, Body body) {
  const int failure = InjectedFailure(entry, caller);
  return static_cast<CUresult>(failure != 0 ? failure
                                            : static_cast<int>(body()));
}

// For all others: the thread must have one.
template <typename Body>
CUresult Call(const char* entry, const void* caller, Body body) {
  return CallAnywhere(entry, caller, [&]() -> int {
    if (CurrentContext() == nullptr) return CUDA_ERROR_INVALID_CONTEXT;
    return static_cast<int>(body());
  });
}

inline void* ToPointer(CUdeviceptr address) {
  return reinterpret_cast<void*>(address);
}

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_H_
