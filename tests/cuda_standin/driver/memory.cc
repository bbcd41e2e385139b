// Memory, copies and fills.
#include "tests/cuda_standin/core/memory.h"

#include "tests/cuda_standin/core/transfer.h"
#include "tests/cuda_standin/driver/entry.h"

namespace standin {
namespace {

int AllocateSome(CUdeviceptr* out, size_t size) {
  if (size == 0) return CUDA_ERROR_INVALID_VALUE;
  return AllocateDevice(size, reinterpret_cast<void**>(out));
}

int PointerAttribute(void* out, CUpointer_attribute attribute,
                     CUdeviceptr pointer) {
  MemoryRange range;
  if (!FindRange(ToPointer(pointer), &range)) return CUDA_ERROR_INVALID_VALUE;
  const bool on_device =
      range.kind == MemoryKind::kDevice || range.kind == MemoryKind::kManaged;
  switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
      *static_cast<Context**>(out) = PrimaryContext(range.device);
      break;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      *static_cast<unsigned*>(out) =
          on_device ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
      break;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      *static_cast<CUdeviceptr*>(out) = pointer;
      break;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
      *static_cast<int*>(out) = range.kind == MemoryKind::kManaged ? 1 : 0;
      break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      *static_cast<int*>(out) = range.device;
      break;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      *static_cast<CUdeviceptr*>(out) = range.base;
      break;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      *static_cast<size_t*>(out) = range.size;
      break;
    default:
      return CUDA_ERROR_NOT_SUPPORTED;
  }
  return CUDA_SUCCESS;
}

int DevicePointer(CUdeviceptr* device, void* host) {
  MemoryRange range;
  if (!FindRange(host, &range)) return CUDA_ERROR_INVALID_VALUE;
  *device = reinterpret_cast<CUdeviceptr>(host);
  return CUDA_SUCCESS;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

CUresult cuMemGetInfo(size_t* available, size_t* total) {
  return Call(STANDIN_HERE, [&] {
    MemoryInfo(CurrentDevice(), available, total);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc(CUdeviceptr* out, size_t size) {
  return Call(STANDIN_HERE, [&] { return AllocateSome(out, size); });
}

CUresult cuMemAllocAsync(CUdeviceptr* out, size_t size, CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return AllocateAsync(size, stream, reinterpret_cast<void**>(out));
  });
}

CUresult cuMemAllocManaged(CUdeviceptr* out, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] {
    return AllocateManaged(size, reinterpret_cast<void**>(out));
  });
}

CUresult cuMemFree(CUdeviceptr address) {
  return Call(STANDIN_HERE, [&] { return FreeMemory(ToPointer(address)); });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return Call(STANDIN_HERE,
              [&] { return FreeAsync(ToPointer(address), stream); });
}

CUresult cuMemAllocHost(void** out, size_t size) {
  return Call(STANDIN_HERE, [&] { return AllocatePinned(size, out); });
}

CUresult cuMemHostAlloc(void** out, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] { return AllocatePinned(size, out); });
}

CUresult cuMemFreeHost(void* address) {
  return Call(STANDIN_HERE, [&] { return FreeMemory(address); });
}

CUresult cuMemHostRegister(void* address, size_t size, unsigned) {
  return Call(STANDIN_HERE, [&] { return RegisterMemory(address, size); });
}

CUresult cuMemHostUnregister(void* address) {
  return Call(STANDIN_HERE, [&] { return UnregisterMemory(address); });
}

CUresult cuMemHostGetDevicePointer(CUdeviceptr* device, void* host, unsigned) {
  return Call(STANDIN_HERE, [&] { return DevicePointer(device, host); });
}

CUresult cuPointerGetAttribute(void* out, CUpointer_attribute attribute,
                               CUdeviceptr pointer) {
  return CallAnywhere(
      STANDIN_HERE, [&] { return PointerAttribute(out, attribute, pointer); });
}

CUresult cuMemGetAddressRange(CUdeviceptr* base, size_t* size,
                              CUdeviceptr pointer) {
  return Call(STANDIN_HERE, [&] {
    MemoryRange range;
    if (!FindRange(ToPointer(pointer), &range)) return CUDA_ERROR_NOT_FOUND;
    if (base != nullptr) *base = range.base;
    if (size != nullptr) *size = range.size;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t size) {
  return Call(STANDIN_HERE, [&] {
    return CopyAndWait(ToPointer(to), ToPointer(from), size, nullptr);
  });
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t size,
                       CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return CopyAsync(ToPointer(to), ToPointer(from), size, stream);
  });
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void* from, size_t size) {
  return Call(STANDIN_HERE,
              [&] { return CopyAndWait(ToPointer(to), from, size, nullptr); });
}

CUresult cuMemcpyDtoH(void* to, CUdeviceptr from, size_t size) {
  return Call(STANDIN_HERE,
              [&] { return CopyAndWait(to, ToPointer(from), size, nullptr); });
}

CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t size) {
  return Call(STANDIN_HERE, [&] {
    return CopyAndWait(ToPointer(to), ToPointer(from), size, nullptr);
  });
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t size,
                           CUstream stream) {
  return Call(STANDIN_HERE,
              [&] { return CopyAsync(ToPointer(to), from, size, stream); });
}

CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t size,
                           CUstream stream) {
  return Call(STANDIN_HERE,
              [&] { return CopyAsync(to, ToPointer(from), size, stream); });
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t size,
                           CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return CopyAsync(ToPointer(to), ToPointer(from), size, stream);
  });
}

CUresult cuMemsetD8(CUdeviceptr to, unsigned char value, size_t count) {
  return Call(STANDIN_HERE, [&] {
    return FillAndWait(ToPointer(to), value, 1, count, nullptr);
  });
}

CUresult cuMemsetD32(CUdeviceptr to, unsigned value, size_t count) {
  return Call(STANDIN_HERE, [&] {
    return FillAndWait(ToPointer(to), value, 4, count, nullptr);
  });
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                         CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return FillAsync(ToPointer(to), value, 1, count, stream);
  });
}

CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                          CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return FillAsync(ToPointer(to), value, 2, count, stream);
  });
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                          CUstream stream) {
  return Call(STANDIN_HERE, [&] {
    return FillAsync(ToPointer(to), value, 4, count, stream);
  });
}

}  // extern "C"
