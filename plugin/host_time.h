// How long threads of the host were in hands of ours.
#ifndef MOETAP_PLUGIN_HOST_TIME_H_
#define MOETAP_PLUGIN_HOST_TIME_H_

#include <atomic>
#include <cstdint>

#include "hooks/call_timing.h"

namespace moetap {

// A sample that took longer counts once, not for the calls that it stands for:
// what else is that long is a thread that was not running.
inline constexpr uint64_t kLongestSample = uint64_t{1} << 17;  // ticks

// Any thread.  All-zero bytes are no time at all: it lives in memory that the
// kernel wipes in a forked child.
class HostTime {
 public:
  void AddCall(const CallTiming& timing, uint64_t ended) {
    // Counters of two CPUs may differ by a little.
    const uint64_t ticks = ended > timing.began ? ended - timing.began : 0;
    const uint64_t calls = ticks > kLongestSample ? 1 : timing.calls;
    engine_ticks_.fetch_add(calls * ticks, std::memory_order_relaxed);
  }
  void AddShim(uint64_t nanoseconds) {
    shim_ns_.fetch_add(nanoseconds, std::memory_order_relaxed);
  }

  uint64_t engine_ticks() const {
    return engine_ticks_.load(std::memory_order_relaxed);
  }
  uint64_t shim_ns() const { return shim_ns_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> engine_ticks_;
  std::atomic<uint64_t> shim_ns_;
};

// Whether the call behind the `number`-th is a sample: one in kSampledCalls, at
// distances that no number of layers has in common with them.
inline bool PicksSample(uint64_t number) {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  return number * kGolden < UINT64_MAX / kSampledCalls + 1;
}

}  // namespace moetap

#endif  // MOETAP_PLUGIN_HOST_TIME_H_
