// Which hooked calls are timed, so that a capture can say what it costs the
// engine's threads without costing them the timing of every call.
//
// A call of many ids is timed always.  Of the others the sink picks one in
// kSampledCalls, and that one stands for as many.
#ifndef MOETAP_HOOKS_CALL_TIMING_H_
#define MOETAP_HOOKS_CALL_TIMING_H_

#include <atomic>
#include <cstdint>

#include "hooks/tick_counter.h"

namespace moetap {

inline constexpr uint32_t kSampledCalls = 64;
// Two reads of the counter are nothing beside copying so many ids.
inline constexpr uint64_t kAlwaysTimedIds = 4096;

// When a call began, and how many calls it stands for; 0 = it is not timed.
struct CallTiming {
  uint64_t began = 0;
  uint32_t calls = 0;
};

// The next call of this process, on whichever thread, is a sample.
extern std::atomic<bool> g_sample_next_call;
inline void SampleNextCall() {
  g_sample_next_call.store(true, std::memory_order_relaxed);
}

// At the beginning of a call.
inline CallTiming BeginCall() {
  if (!g_sample_next_call.load(std::memory_order_relaxed)) return {};
  if (!g_sample_next_call.exchange(false, std::memory_order_relaxed)) return {};
  return {.began = Ticks(), .calls = kSampledCalls};
}

// From here on, if not before, the call is timed, and stands for itself alone.
inline void TimeThisCall(CallTiming* timing) {
  if (timing->calls == 0) timing->began = Ticks();
  timing->calls = 1;
}

}  // namespace moetap

#endif  // MOETAP_HOOKS_CALL_TIMING_H_
