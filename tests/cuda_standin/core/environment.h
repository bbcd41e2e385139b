// Environment variables of the stand-in.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_ENVIRONMENT_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_ENVIRONMENT_H_

#include <cstdint>

namespace standin {

// A number, decimal or 0x...; `otherwise` if the variable is not set.  Ends
// the process, saying why, if it is set to anything else.
uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_ENVIRONMENT_H_
