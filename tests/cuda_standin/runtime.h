// What the stand-in runtime offers to the host versions of kernels.
#ifndef MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_
#define MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_

#include <cstdint>

namespace standin {

// Whether an address is inside an allocation of the stand-in device.
bool IsDeviceMemory(const void* address);

// Writes the line of an executed router kernel: what it wrote, row after row.
void LogRouter(const char* kernel, uint32_t rows, uint32_t k, uint32_t experts,
               const int64_t* ids);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_RUNTIME_H_
