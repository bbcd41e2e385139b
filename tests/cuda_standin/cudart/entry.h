// What every entry point of the runtime does first and last.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CUDART_ENTRY_H_
#define MOETAP_TESTS_CUDA_STANDIN_CUDART_ENTRY_H_

#include <cuda.h>
#include <cuda_runtime_api.h>

#include "tests/cuda_standin/core/context.h"
#include "tests/cuda_standin/core/failures.h"

// Name and caller of the entry point it is written in.
#define STANDIN_HERE __func__, __builtin_return_address(0)

namespace standin {

// The last error of the thread, until it is asked for.
cudaError_t& LastError();

inline cudaError_t Remember(int status) {
  const auto error = static_cast<cudaError_t>(status);
  if (error != cudaSuccess) LastError() = error;
  return error;
}

// For calls that work without a context.
template <typename Body>
cudaError_t CallAnywhere(const char* entry, const void* caller, Body body) {
  const int failure = InjectedFailure(entry, caller);
  return Remember(failure != 0 ? failure : static_cast<int>(body()));
}

// For all others: a thread without a context gets one.
template <typename Body>
cudaError_t Call(const char* entry, const void* caller, Body body) {
  return CallAnywhere(entry, caller, [&]() -> int {
    UseSomeContext();
    return static_cast<int>(body());
  });
}

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CUDART_ENTRY_H_
