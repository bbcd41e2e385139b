// What hooks must know of the ABI of CUDA's runtime and driver.  CUDA's own
// headers are not needed to build this library; where they are installed, a
// test compares.  Runtime and driver agree in all of it, as do CUDA 12 and 13.
#ifndef MOETAP_HOOKS_CUDA_CUDA_ABI_H_
#define MOETAP_HOOKS_CUDA_CUDA_ABI_H_

#include <cstddef>
#include <cstdint>

#include "hooks/cuda/launch_sink.h"

namespace moetap {

// cudaError_t and CUresult.
using CudaStatus = int;
inline constexpr CudaStatus kCudaSuccess = 0;
inline constexpr CudaStatus kCudaSymbolNotFound = 302;  // of the runtime
inline constexpr CudaStatus kCudaNotFound = 500;        // of the driver

// dim3.
struct CudaDim3 {
  uint32_t x;
  uint32_t y;
  uint32_t z;
};

// cudaLaunchAttribute and CUlaunchAttribute.
struct CudaLaunchAttribute {
  uint32_t id;
  alignas(8) union {
    int32_t programmatic;  // of kCudaProgrammaticStream; 0: off
    char bytes[64];
  } value;
};
// "programmatic stream serialization".
inline constexpr uint32_t kCudaProgrammaticStream = 6;

// cudaLaunchConfig_t.
struct CudaRuntimeLaunchConfig {
  CudaDim3 grid;
  CudaDim3 block;
  size_t shared_bytes;
  CudaStream stream;
  const CudaLaunchAttribute* attributes;
  uint32_t attribute_count;
};

// CUlaunchConfig.
struct CudaDriverLaunchConfig {
  CudaDim3 grid;
  CudaDim3 block;
  uint32_t shared_bytes;
  CudaStream stream;
  const CudaLaunchAttribute* attributes;
  uint32_t attribute_count;
};

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_CUDA_ABI_H_
