// The kernels of capture_kernel.h on the device.  Compiled to PTX only, for
// sm_80 and for sm_90 (cmake/cuda.cmake).  No unnamed namespace: it would put
// a hash of the file's path into the PTX.
#include "plugin/cuda/capture_kernel_body.h"

namespace moetap {

__device__ __forceinline__ size_t Global(const void* pointer) {
  return __cvta_generic_to_global(pointer);
}

__device__ __forceinline__ unsigned long long* Word(uint64_t* pointer) {
  return reinterpret_cast<unsigned long long*>(pointer);
}

struct DeviceMachine {
  static constexpr uint32_t kThreads = kCaptureThreads;

  __device__ uint32_t block() const { return blockIdx.x; }
  __device__ uint32_t thread() const { return threadIdx.x; }

  // Before sm_90 a launch always begins after what is before it in its stream.
  __device__ void WaitForDependencies() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  }
  __device__ void LaunchDependents() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  }

  __device__ void Barrier() { __syncthreads(); }
  __device__ uint32_t FromLeader(uint32_t value) {
    __shared__ uint32_t shared;
    if (thread() == kThreads - 1) shared = value;
    Barrier();
    return shared;
  }

  __device__ static Chunk Load16(const void* from) {
    const ulonglong2 loaded = *static_cast<const ulonglong2*>(from);
    return {{loaded.x, loaded.y}};
  }
  __device__ static void Store16(void* to, const Chunk& chunk) {
    *static_cast<ulonglong2*>(to) =
        make_ulonglong2(chunk.words[0], chunk.words[1]);
  }

  __device__ uint64_t LoadRelaxed(const uint64_t* from) {
    uint64_t value;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];"
                 : "=l"(value)
                 : "l"(Global(from))
                 : "memory");
    return value;
  }
  __device__ uint64_t LoadAcquireDevice(const uint64_t* from) {
    uint64_t value;
    asm volatile("ld.acquire.gpu.global.u64 %0, [%1];"
                 : "=l"(value)
                 : "l"(Global(from))
                 : "memory");
    return value;
  }
  __device__ void StoreReleaseDevice(uint64_t* to, uint64_t value) {
    asm volatile("st.release.gpu.global.u64 [%0], %1;" ::"l"(Global(to)),
                 "l"(value)
                 : "memory");
  }
  // `expected` becomes what was there.
  __device__ bool CompareExchange(uint64_t* at, uint64_t* expected,
                                  uint64_t desired) {
    const uint64_t found = atomicCAS(Word(at), *expected, desired);
    const bool exchanged = found == *expected;
    *expected = found;
    return exchanged;
  }

  __device__ uint64_t LoadAcquireSystem(const uint64_t* from) {
    uint64_t value;
    asm volatile("ld.acquire.sys.global.u64 %0, [%1];"
                 : "=l"(value)
                 : "l"(Global(from))
                 : "memory");
    return value;
  }
  __device__ void StoreReleaseSystem(uint64_t* to, uint64_t value) {
    asm volatile("st.release.sys.global.u64 [%0], %1;" ::"l"(Global(to)),
                 "l"(value)
                 : "memory");
  }

  // Device scope: PCI Express need not support atomics, and nobody else
  // writes these words.
  __device__ void Min(uint64_t* at, uint64_t value) {
    atomicMin(Word(at), value);
  }
  __device__ void Max(uint64_t* at, uint64_t value) {
    atomicMax(Word(at), value);
  }
  __device__ void Add(uint64_t* at, uint64_t value) {
    __threadfence_system();
    atomicAdd(Word(at), value);
  }
};

}  // namespace moetap

extern "C" {

__global__ void __launch_bounds__(moetap::kCaptureThreads, 1)
    moetap_capture(const __grid_constant__ moetap::CaptureParams params) {
  moetap::DeviceMachine machine;
  moetap::Capture(params, machine);
}

__global__ void moetap_set_step(
    const __grid_constant__ moetap::SetStepParams params) {
  moetap::DeviceMachine machine;
  moetap::SetStep(params, machine);
}

}  // extern "C"
