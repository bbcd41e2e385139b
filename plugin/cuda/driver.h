// The functions of the CUDA driver that the recorder calls, found in the
// libcuda that the process has loaded.
#ifndef MOETAP_PLUGIN_CUDA_DRIVER_H_
#define MOETAP_PLUGIN_CUDA_DRIVER_H_

#include <cstddef>
#include <cstdint>

#include "hooks/cuda/cuda_abi.h"
#include "hooks/cuda/launch_sink.h"

namespace moetap {

struct CudaContextTag;
struct CudaModuleTag;
struct CudaFunctionTag;
using CudaContext = CudaContextTag*;
using CudaModule = CudaModuleTag*;
using CudaFunction = CudaFunctionTag*;
using DeviceAddress = uint64_t;

// Every function returns a CUresult, 0 = success.
struct Driver {
  int (*ctx_get_current)(CudaContext*);
  int (*ctx_get_device)(int*);
  int (*device_get_attribute)(int*, int, int);
  int (*module_load_data)(CudaModule*, const void*);
  int (*module_get_function)(CudaFunction*, CudaModule, const char*);
  int (*mem_alloc)(DeviceAddress*, size_t);
  int (*mem_free)(DeviceAddress);
  int (*mem_host_register)(void*, size_t, unsigned);
  int (*mem_host_unregister)(void*);
  int (*mem_host_get_device_pointer)(DeviceAddress*, void*, unsigned);
  int (*memset_d8_async)(DeviceAddress, unsigned char, size_t, CudaStream);
  int (*stream_create)(CudaStream*, unsigned);
  int (*stream_synchronize)(CudaStream);
  int (*stream_destroy)(CudaStream);
  int (*stream_get_capture_info)(CudaStream, int* status, uint64_t* id,
                                 CudaGraph*, const void** dependencies,
                                 size_t* count);
  int (*thread_exchange_capture_mode)(int*);
  int (*launch_kernel_ex)(const CudaDriverLaunchConfig*, CudaFunction,
                          void** params, void** extra);
};

inline constexpr int kComputeCapabilityMajor = 75;  // CUdevice_attribute
inline constexpr unsigned kNonBlockingStream = 1;   // CU_STREAM_NON_BLOCKING
inline constexpr unsigned kHostRegisterMapped = 2;  // ..._DEVICEMAP
inline constexpr int kCaptureActive = 1;            // CUstreamCaptureStatus
inline constexpr int kCaptureModeRelaxed = 2;       // CUstreamCaptureMode

// Null if no libcuda is loaded or it lacks one of the functions, which CUDA
// 12.0 has all.  The first call needs the process lock; the result is valid
// for the life of the process image.
const Driver* GetDriver();

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_DRIVER_H_
