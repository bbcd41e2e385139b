// Devices, contexts, errors and versions.
#include <cstdio>
#include <cstring>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/memory.h"
#include "tests/cuda_standin/core/stream.h"
#include "tests/cuda_standin/driver/entry.h"

namespace standin {
namespace {

constexpr int kVersion = 13000;

Context* From(CUcontext context) { return reinterpret_cast<Context*>(context); }

CUcontext To(Context* context) { return reinterpret_cast<CUcontext>(context); }

// The body of a call that is about an existing device.
template <typename Use>
int WithDevice(CUdevice device, Use use) {
  if (!DeviceExists(device)) return CUDA_ERROR_INVALID_DEVICE;
  use();
  return CUDA_SUCCESS;
}

template <typename Use>
int WithContext(CUcontext context, Use use) {
  if (!ContextExists(From(context))) return CUDA_ERROR_INVALID_CONTEXT;
  use(From(context));
  return CUDA_SUCCESS;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

CUresult cuInit(unsigned) {
  return CallAnywhere(STANDIN_HERE, [] { return CUDA_SUCCESS; });
}

CUresult cuDriverGetVersion(int* version) {
  *version = kVersion;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(ordinal, [&] { *device = ordinal; });
  });
}

CUresult cuDeviceGetCount(int* count) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *count = DeviceCount();
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] {
      std::snprintf(name, static_cast<size_t>(length),
                    "NVIDIA H200 (stand-in)");
    });
  });
}

CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] {
      *uuid = {};
      uuid->bytes[0] = static_cast<char>(device + 1);
    });
  });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute,
                              CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] { *value = DeviceAttribute(attribute); });
  });
}

CUresult cuDeviceTotalMem(size_t* total, CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    size_t available = 0;
    return WithDevice(device, [&] { MemoryInfo(device, &available, total); });
  });
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] {
      *major = DeviceAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
      *minor = DeviceAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    });
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags,
                                    int* active) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] {
      *flags = 0;
      *active = PrimaryContextActive(device) ? 1 : 0;
    });
  });
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] { *context = To(PrimaryContext(device)); });
  });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] { return WithDevice(device, [] {}); });
}

CUresult cuCtxCreate(CUcontext* context, CUctxCreateParams*, unsigned,
                     CUdevice device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithDevice(device, [&] {
      *context = To(CreateContext(device));
      PushContext(From(*context));
    });
  });
}

CUresult cuCtxDestroy(CUcontext context) {
  return CallAnywhere(STANDIN_HERE,
                      [&] { return DestroyContext(From(context)); });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *context = To(CurrentContext());
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithContext(context, [](Context* it) { SetCurrentContext(it); });
  });
}

CUresult cuCtxPushCurrent(CUcontext context) {
  return CallAnywhere(STANDIN_HERE, [&]() -> int {
    if (context == nullptr) return CUDA_ERROR_INVALID_VALUE;
    return WithContext(context, [](Context* it) { PushContext(it); });
  });
}

CUresult cuCtxPopCurrent(CUcontext* context) {
  return Call(STANDIN_HERE, [&] {
    Context* const top = PopContext();
    if (context != nullptr) *context = To(top);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return Call(STANDIN_HERE, [&] {
    *device = CurrentDevice();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetLimit(size_t* value, CUlimit) {
  return Call(STANDIN_HERE, [&] {
    *value = 1 << 20;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetApiVersion(CUcontext, unsigned* version) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *version = kVersion;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return Call(STANDIN_HERE, [&] {
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return Call(STANDIN_HERE, [] { return SynchronizeContext(); });
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *mode = ExchangeCaptureMode(*mode);
    return CUDA_SUCCESS;
  });
}

CUresult cuGetErrorName(CUresult error, const char** name) {
  static thread_local char text[64];
  std::snprintf(text, sizeof text,
                error == CUDA_SUCCESS ? "CUDA_SUCCESS" : "CUDA_ERROR_%d",
                static_cast<int>(error));
  *name = text;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** description) {
  return cuGetErrorName(error, description);
}

}  // extern "C"
