// Entry points that fail because a test wants them to.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_FAILURES_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_FAILURES_H_

#include "tests/cuda_standin/runtime.h"

namespace standin {

// To be asked on entry; `caller` is the return address.  0: go on.
STANDIN_EXPORT int InjectedFailure(const char* entry, const void* caller);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_FAILURES_H_
