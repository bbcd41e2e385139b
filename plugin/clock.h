// Clocks of the kernel as one number.
#ifndef MOETAP_PLUGIN_CLOCK_H_
#define MOETAP_PLUGIN_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace moetap {

inline int64_t Now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CLOCK_H_
