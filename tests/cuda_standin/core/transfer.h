// Copies and fills as work in streams.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_TRANSFER_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_TRANSFER_H_

#include <cuda.h>

#include "tests/cuda_standin/runtime.h"

namespace standin {

// Rows of `width` bytes each, `pitch` bytes apart.
struct Copy2D {
  void* to;
  size_t to_pitch;
  const void* from;
  size_t from_pitch;
  size_t width, height;
};

// Codes are those of CUresult.

// As CUDA: a source in pageable memory is read before the call returns, and a
// copy to pageable memory is complete then.
STANDIN_EXPORT int CopyAsync(const Copy2D& copy, CUstream stream);
STANDIN_EXPORT int CopyAsync(void* to, const void* from, size_t size,
                             CUstream stream);
// Complete on return.
STANDIN_EXPORT int CopyAndWait(const Copy2D& copy, CUstream stream);
STANDIN_EXPORT int CopyAndWait(void* to, const void* from, size_t size,
                               CUstream stream);

// `count` elements of 1, 2 or 4 bytes.
STANDIN_EXPORT int FillAsync(void* to, uint32_t value, size_t element,
                             size_t count, CUstream stream);
STANDIN_EXPORT int FillAndWait(void* to, uint32_t value, size_t element,
                               size_t count, CUstream stream);

STANDIN_EXPORT int CallHost(void (*function)(void*), void* data,
                            CUstream stream);

// Waits for everything on every device, then frees or unregisters: queued work
// may still use it.
STANDIN_EXPORT int FreeMemory(void* address);
STANDIN_EXPORT int UnregisterMemory(void* address);
// In the order of a stream.
STANDIN_EXPORT int FreeAsync(void* address, CUstream stream);
// Refused where a capture forbids it.
STANDIN_EXPORT int AllocateDevice(size_t size, void** out);
STANDIN_EXPORT int AllocateManaged(size_t size, void** out);
STANDIN_EXPORT int AllocatePinned(size_t size, void** out);
STANDIN_EXPORT int AllocateAsync(size_t size, CUstream stream, void** out);
STANDIN_EXPORT int RegisterMemory(void* address, size_t size);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_TRANSFER_H_
