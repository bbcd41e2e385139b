// A clock that may be read on the engine's thread: a few nanoseconds, no
// system call.
#ifndef MOETAP_HOOKS_TICK_COUNTER_H_
#define MOETAP_HOOKS_TICK_COUNTER_H_

#include <cstdint>
#include <ctime>

namespace moetap {

// Ticks of constant but unknown length.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(t.tv_nsec);
#endif
}

}  // namespace moetap

#endif  // MOETAP_HOOKS_TICK_COUNTER_H_
