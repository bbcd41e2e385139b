// Devices, errors and versions.
#include <cstdio>
#include <cstring>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/memory.h"
#include "tests/cuda_standin/core/stream.h"
#include "tests/cuda_standin/cudart/entry.h"

namespace standin {

cudaError_t& LastError() {
  static thread_local cudaError_t error = cudaSuccess;
  return error;
}

namespace {

constexpr int kVersion = 13000;

int FillProperties(cudaDeviceProp* p, int device) {
  if (!DeviceExists(device)) return cudaErrorInvalidDevice;
  const auto get = [](cudaDeviceAttr attribute) {
    return DeviceAttribute(attribute);
  };
  const auto bytes = [](cudaDeviceAttr attribute) {
    return static_cast<size_t>(DeviceAttribute(attribute));
  };
  *p = {};
  std::strcpy(p->name, "NVIDIA H200 (stand-in)");
  size_t available = 0;
  MemoryInfo(device, &available, &p->totalGlobalMem);
  p->uuid.bytes[0] = static_cast<char>(device + 1);
  p->pciBusID = device + 1;
  p->major = get(cudaDevAttrComputeCapabilityMajor);
  p->minor = get(cudaDevAttrComputeCapabilityMinor);
  p->multiProcessorCount = get(cudaDevAttrMultiProcessorCount);
  p->warpSize = get(cudaDevAttrWarpSize);
  p->maxThreadsPerBlock = get(cudaDevAttrMaxThreadsPerBlock);
  p->maxThreadsPerMultiProcessor = get(cudaDevAttrMaxThreadsPerMultiProcessor);
  p->maxBlocksPerMultiProcessor = get(cudaDevAttrMaxBlocksPerMultiprocessor);
  p->sharedMemPerBlock = bytes(cudaDevAttrMaxSharedMemoryPerBlock);
  p->sharedMemPerBlockOptin = bytes(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  p->sharedMemPerMultiprocessor =
      bytes(cudaDevAttrMaxSharedMemoryPerMultiprocessor);
  p->reservedSharedMemPerBlock = bytes(cudaDevAttrReservedSharedMemoryPerBlock);
  p->regsPerBlock = get(cudaDevAttrMaxRegistersPerBlock);
  p->regsPerMultiprocessor = get(cudaDevAttrMaxRegistersPerMultiprocessor);
  p->totalConstMem = bytes(cudaDevAttrTotalConstantMemory);
  p->textureAlignment = bytes(cudaDevAttrTextureAlignment);
  p->memPitch = bytes(cudaDevAttrMaxPitch);
  p->maxThreadsDim[0] = get(cudaDevAttrMaxBlockDimX);
  p->maxThreadsDim[1] = get(cudaDevAttrMaxBlockDimY);
  p->maxThreadsDim[2] = get(cudaDevAttrMaxBlockDimZ);
  p->maxGridSize[0] = get(cudaDevAttrMaxGridDimX);
  p->maxGridSize[1] = get(cudaDevAttrMaxGridDimY);
  p->maxGridSize[2] = get(cudaDevAttrMaxGridDimZ);
  p->l2CacheSize = get(cudaDevAttrL2CacheSize);
  p->memoryBusWidth = get(cudaDevAttrGlobalMemoryBusWidth);
  p->asyncEngineCount = get(cudaDevAttrAsyncEngineCount);
  p->unifiedAddressing = p->canMapHostMemory = p->concurrentKernels = 1;
  p->managedMemory = p->cooperativeLaunch = p->clusterLaunch = 1;
  p->streamPrioritiesSupported = p->hostRegisterSupported = 1;
  p->memoryPoolsSupported = p->canUseHostPointerForRegisteredMem = 1;
  return cudaSuccess;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return CallAnywhere(STANDIN_HERE,
                      [&] { return FillProperties(properties, device); });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute,
                                   int device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    if (!DeviceExists(device)) return cudaErrorInvalidDevice;
    *value = DeviceAttribute(attribute);
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *device = CurrentDevice();
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    if (!DeviceExists(device)) return cudaErrorInvalidDevice;
    SetCurrentContext(PrimaryContext(device));
    return cudaSuccess;
  });
}

cudaError_t cudaInitDevice(int device, unsigned, unsigned) {
  return CallAnywhere(STANDIN_HERE, [&] {
    if (!DeviceExists(device)) return cudaErrorInvalidDevice;
    PrimaryContext(device);
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *count = DeviceCount();
    return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
  return CallAnywhere(STANDIN_HERE, [&] {
    if (!DeviceExists(device)) return cudaErrorInvalidDevice;
    std::snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0",
                  static_cast<unsigned>(device + 1));
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (least != nullptr) *least = 0;
  if (greatest != nullptr) *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetLimit(size_t* value, cudaLimit) {
  *value = 1024;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  return Call(STANDIN_HERE, [] { return SynchronizeContext(); });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *mode = static_cast<cudaStreamCaptureMode>(
        ExchangeCaptureMode(static_cast<CUstreamCaptureMode>(*mode)));
    return cudaSuccess;
  });
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = LastError();
  LastError() = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return LastError(); }

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    default:
      return "cudaError (by its number)";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  static thread_local char text[64];
  if (error == cudaSuccess) return "no error";
  std::snprintf(text, sizeof text, "stand-in error %d", error);
  return text;
}

}  // extern "C"
