#include "tests/cuda_standin/core/transfer.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/memory.h"
#include "tests/cuda_standin/core/stream.h"

namespace standin {
namespace {

void RunCopy(const Copy2D& copy) {
  for (size_t row = 0; row < copy.height; ++row) {
    std::memmove(static_cast<char*>(copy.to) + row * copy.to_pitch,
                 static_cast<const char*>(copy.from) + row * copy.from_pitch,
                 copy.width);
  }
}

bool Pageable(const void* address) {
  MemoryRange range;
  return !FindRange(address, &range);
}

bool Capturing(CUstream stream) {
  CaptureInfo info;
  return GetCaptureInfo(stream, &info) == CUDA_SUCCESS &&
         info.status != CU_STREAM_CAPTURE_STATUS_NONE;
}

// The same copy out of memory of its own.
Copy2D Stage(Copy2D copy, std::shared_ptr<std::vector<char>>* stage) {
  *stage = std::make_shared<std::vector<char>>(copy.width * copy.height);
  Copy2D fill = copy;
  fill.to = (*stage)->data();
  fill.to_pitch = copy.width;
  RunCopy(fill);
  copy.from = (*stage)->data();
  copy.from_pitch = copy.width;
  return copy;
}

Work CopyWork(const Copy2D& copy, std::shared_ptr<std::vector<char>> stage) {
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_MEMCPY;
  work.body = [copy, stage = std::move(stage)] { RunCopy(copy); };
  return work;
}

Work FillWork(void* to, uint32_t value, size_t element, size_t count) {
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_MEMSET;
  work.body = [=] { Fill(to, value, element, count); };
  return work;
}

int AllocateUnlessCapturing(size_t size, MemoryKind kind, void** out) {
  const int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  return Allocate(size, kind, CurrentDevice(), out);
}

Copy2D Straight(void* to, const void* from, size_t size) {
  return {to, size, from, size, size, 1};
}

}  // namespace

int CopyAsync(const Copy2D& copy, CUstream stream) {
  if (Capturing(stream)) return Submit(stream, CopyWork(copy, nullptr));
  if (Pageable(copy.to)) return CopyAndWait(copy, stream);
  if (!Pageable(copy.from)) return Submit(stream, CopyWork(copy, nullptr));
  std::shared_ptr<std::vector<char>> stage;
  const Copy2D staged = Stage(copy, &stage);
  return Submit(stream, CopyWork(staged, std::move(stage)));
}

int CopyAndWait(const Copy2D& copy, CUstream stream) {
  return SubmitAndWait(stream, CopyWork(copy, nullptr));
}

int CopyAsync(void* to, const void* from, size_t size, CUstream stream) {
  return CopyAsync(Straight(to, from, size), stream);
}

int CopyAndWait(void* to, const void* from, size_t size, CUstream stream) {
  return CopyAndWait(Straight(to, from, size), stream);
}

int FillAsync(void* to, uint32_t value, size_t element, size_t count,
              CUstream stream) {
  return Submit(stream, FillWork(to, value, element, count));
}

int FillAndWait(void* to, uint32_t value, size_t element, size_t count,
                CUstream stream) {
  return SubmitAndWait(stream, FillWork(to, value, element, count));
}

int CallHost(void (*function)(void*), void* data, CUstream stream) {
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_HOST;
  work.body = [function, data] { function(data); };
  return Submit(stream, work);
}

int FreeMemory(void* address) {
  if (address == nullptr) return CUDA_SUCCESS;
  const int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  Drain();
  return Release(address);
}

int UnregisterMemory(void* address) {
  const int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  Drain();
  return Unregister(address);
}

int FreeAsync(void* address, CUstream stream) {
  if (Capturing(stream)) return CUDA_ERROR_NOT_SUPPORTED;
  MemoryRange range;
  if (!FindRange(address, &range)) return CUDA_ERROR_INVALID_VALUE;
  Work work;
  work.body = [address] { Release(address); };
  return Submit(stream, work);
}

int AllocateDevice(size_t size, void** out) {
  return AllocateUnlessCapturing(size, MemoryKind::kDevice, out);
}

int AllocateManaged(size_t size, void** out) {
  return AllocateUnlessCapturing(size, MemoryKind::kManaged, out);
}

int AllocatePinned(size_t size, void** out) {
  return AllocateUnlessCapturing(size, MemoryKind::kPinned, out);
}

int AllocateAsync(size_t size, CUstream stream, void** out) {
  if (Capturing(stream)) return CUDA_ERROR_NOT_SUPPORTED;
  return Allocate(size, MemoryKind::kDevice, CurrentDevice(), out);
}

int RegisterMemory(void* address, size_t size) {
  const int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  return Register(address, size, CurrentDevice());
}

}  // namespace standin
