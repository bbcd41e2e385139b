// The capture kernel as host code: what a stand-in for a GPU, and the tests of
// the kernel, run.
#ifndef MOETAP_TESTS_CUDA_HOST_MACHINE_H_
#define MOETAP_TESTS_CUDA_HOST_MACHINE_H_

#include <atomic>
#include <cstdint>
#include <cstring>

#include "plugin/cuda/capture_kernel_body.h"

namespace moetap {

// The memory of a Machine on the host, where device, system and CPU are one.
class HostMemory {
 public:
  static Chunk Load16(const void* from) {
    Chunk chunk;
    std::memcpy(&chunk, Aligned(from), sizeof(chunk));
    return chunk;
  }
  static void Store16(void* to, const Chunk& chunk) {
    Aligned(to);
    std::memcpy(to, &chunk, sizeof(chunk));
  }
  uint64_t LoadRelaxed(uint64_t* from) {
    return std::atomic_ref(*from).load(std::memory_order_relaxed);
  }
  uint64_t LoadAcquireDevice(uint64_t* from) { return LoadAcquireSystem(from); }
  void StoreReleaseDevice(uint64_t* to, uint64_t value) {
    StoreReleaseSystem(to, value);
  }
  bool CompareExchange(uint64_t* at, uint64_t* expected, uint64_t desired) {
    return std::atomic_ref(*at).compare_exchange_strong(
        *expected, desired, std::memory_order_relaxed);
  }
  uint64_t LoadAcquireSystem(uint64_t* from) {
    return std::atomic_ref(*from).load(std::memory_order_acquire);
  }
  void StoreReleaseSystem(uint64_t* to, uint64_t value) {
    std::atomic_ref(*to).store(value, std::memory_order_release);
  }
  void Min(uint64_t* at, uint64_t value) {
    std::atomic_ref word(*at);
    uint64_t found = word.load(std::memory_order_relaxed);
    while (value < found && !word.compare_exchange_weak(
                                found, value, std::memory_order_relaxed)) {
    }
  }
  void Max(uint64_t* at, uint64_t value) {
    std::atomic_ref word(*at);
    uint64_t found = word.load(std::memory_order_relaxed);
    while (value > found && !word.compare_exchange_weak(
                                found, value, std::memory_order_relaxed)) {
    }
  }
  void Add(uint64_t* at, uint64_t value) {
    std::atomic_ref(*at).fetch_add(value, std::memory_order_release);
  }

 private:
  // A device would stop at such an access.
  static const void* Aligned(const void* pointer) {
    if (reinterpret_cast<uintptr_t>(pointer) % sizeof(Chunk) != 0) {
      __builtin_trap();
    }
    return pointer;
  }
};

// A block of one thread; launches run one after the other.
class HostMachine : public HostMemory {
 public:
  static constexpr uint32_t kThreads = 1;

  explicit HostMachine(uint32_t block) : block_(block) {}

  uint32_t block() const { return block_; }
  uint32_t thread() const { return 0; }
  void WaitForDependencies() {}
  void LaunchDependents() {}
  void Barrier() {}
  uint32_t FromLeader(uint32_t value) { return value; }

 private:
  uint32_t block_;
};

// A launch of moetap_capture with `blocks` blocks.
template <typename Machine = HostMachine>
void CaptureOnHost(const CaptureParams& params, uint32_t blocks) {
  for (uint32_t block = 0; block < blocks; ++block) {
    Machine machine(block);
    Capture(params, machine);
  }
}

// A launch of moetap_set_step.
inline void SetStepOnHost(const SetStepParams& params) {
  HostMachine machine(0);
  SetStep(params, machine);
}

}  // namespace moetap

#endif  // MOETAP_TESTS_CUDA_HOST_MACHINE_H_
