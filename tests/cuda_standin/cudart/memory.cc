// Memory, copies and fills.
#include "tests/cuda_standin/core/memory.h"

#include "tests/cuda_standin/core/transfer.h"
#include "tests/cuda_standin/cudart/entry.h"

namespace standin {
namespace {

cudaMemoryType TypeOf(const MemoryRange& range) {
  switch (range.kind) {
    case MemoryKind::kDevice:
      return cudaMemoryTypeDevice;
    case MemoryKind::kManaged:
      return cudaMemoryTypeManaged;
    default:
      return cudaMemoryTypeHost;
  }
}

void Describe(const void* pointer, cudaPointerAttributes* attributes) {
  *attributes = {};
  attributes->type = cudaMemoryTypeUnregistered;
  attributes->device = cudaInvalidDeviceId;
  auto* const address = const_cast<void*>(pointer);
  attributes->hostPointer = address;
  MemoryRange range;
  if (!FindRange(pointer, &range)) return;
  attributes->type = TypeOf(range);
  attributes->device = range.device;
  attributes->devicePointer = address;
  if (range.kind == MemoryKind::kDevice) attributes->hostPointer = nullptr;
}

int AllocatePitched(void** out, size_t* pitch, size_t width, size_t height) {
  constexpr size_t kAlignment = 512;
  *pitch = (width + kAlignment - 1) / kAlignment * kAlignment;
  return AllocateDevice(*pitch * height, out);
}

int DevicePointer(void** device, void* host) {
  MemoryRange range;
  if (!FindRange(host, &range)) return cudaErrorInvalidValue;
  *device = host;
  return cudaSuccess;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

cudaError_t cudaMalloc(void** out, size_t size) {
  return Call(STANDIN_HERE, [&] { return AllocateDevice(size, out); });
}

cudaError_t cudaMallocAsync(void** out, size_t size, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return AllocateAsync(size, stream, out); });
}

cudaError_t cudaMallocManaged(void** out, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] { return AllocateManaged(size, out); });
}

cudaError_t cudaMallocPitch(void** out, size_t* pitch, size_t width,
                            size_t height) {
  return Call(STANDIN_HERE,
              [&] { return AllocatePitched(out, pitch, width, height); });
}

cudaError_t cudaMallocHost(void** out, size_t size) {
  return Call(STANDIN_HERE, [&] { return AllocatePinned(size, out); });
}

cudaError_t cudaHostAlloc(void** out, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] { return AllocatePinned(size, out); });
}

cudaError_t cudaFree(void* address) {
  return Call(STANDIN_HERE, [&] { return FreeMemory(address); });
}

cudaError_t cudaFreeAsync(void* address, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return FreeAsync(address, stream); });
}

cudaError_t cudaFreeHost(void* address) {
  return Call(STANDIN_HERE, [&] { return FreeMemory(address); });
}

cudaError_t cudaHostRegister(void* address, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] { return RegisterMemory(address, size); });
}

cudaError_t cudaHostUnregister(void* address) {
  return Call(STANDIN_HERE, [&] { return UnregisterMemory(address); });
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  return Call(STANDIN_HERE, [&] { return DevicePointer(device, host); });
}

cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
  return Call(STANDIN_HERE, [&] {
    MemoryInfo(CurrentDevice(), available, total);
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes,
                                     const void* pointer) {
  return Call(STANDIN_HERE, [&] {
    Describe(pointer, attributes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t size,
                       cudaMemcpyKind) {
  return Call(STANDIN_HERE,
              [&] { return CopyAndWait(to, from, size, nullptr); });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size,
                            cudaMemcpyKind, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return CopyAsync(to, from, size, stream); });
}

cudaError_t cudaMemcpyPeer(void* to, int, const void* from, int, size_t size) {
  return Call(STANDIN_HERE,
              [&] { return CopyAndWait(to, from, size, nullptr); });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int,
                                size_t size, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return CopyAsync(to, from, size, stream); });
}

cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from,
                         size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind) {
  return Call(STANDIN_HERE, [&] {
    return CopyAndWait({to, to_pitch, from, from_pitch, width, height},
                       nullptr);
  });
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from,
                              size_t from_pitch, size_t width, size_t height,
                              cudaMemcpyKind, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    return CopyAsync({to, to_pitch, from, from_pitch, width, height}, stream);
  });
}

cudaError_t cudaMemcpyBatchAsync(void* const* to, const void* const* from,
                                 const size_t* sizes, size_t count,
                                 cudaMemcpyAttributes*, size_t*, size_t,
                                 cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    int status = cudaSuccess;
    for (size_t i = 0; i < count && status == cudaSuccess; ++i) {
      status = CopyAsync(to[i], from[i], sizes[i], stream);
    }
    return status;
  });
}

cudaError_t cudaMemset(void* to, int value, size_t count) {
  return Call(STANDIN_HERE, [&] {
    return FillAndWait(to, static_cast<uint8_t>(value), 1, count, nullptr);
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t count,
                            cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    return FillAsync(to, static_cast<uint8_t>(value), 1, count, stream);
  });
}

// A device variable is the host's shadow of it.
cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  return Call(STANDIN_HERE, [&] {
    *address = const_cast<void*>(symbol);
    return cudaSuccess;
  });
}

}  // extern "C"
