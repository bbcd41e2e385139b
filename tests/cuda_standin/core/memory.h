// Memory of the stand-in devices: ranges of host memory in a registry.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_MEMORY_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_MEMORY_H_

#include <cstddef>
#include <cstdint>

#include "tests/cuda_standin/runtime.h"

namespace standin {

enum class MemoryKind { kDevice, kPinned, kRegistered, kManaged };

struct MemoryRange {
  uintptr_t base = 0;
  size_t size = 0;
  MemoryKind kind = MemoryKind::kDevice;
  int device = 0;
};

// These take a mutex of their own and may be called with any held.  Codes are
// those of CUresult.

// Zeroed, in pages that are mapped when touched.  Size 0 gives null.
STANDIN_EXPORT int Allocate(size_t size, MemoryKind kind, int device,
                            void** out);
STANDIN_EXPORT int Release(void* address);
// Host memory of somebody else.
STANDIN_EXPORT int Register(void* address, size_t size, int device);
STANDIN_EXPORT int Unregister(void* address);

// The range that holds an address; false if it is none of ours.
STANDIN_EXPORT bool FindRange(const void* address, MemoryRange* range);
STANDIN_EXPORT void MemoryInfo(int device, size_t* available, size_t* total);

// memset of `count` elements of 1, 2 or 4 bytes; zeroed pages of device
// memory are given back to the system.
void Fill(void* address, uint32_t value, size_t element, size_t count);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_MEMORY_H_
