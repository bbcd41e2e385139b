#include "plugin/cuda/step_launches.h"

namespace moetap {

using std::memory_order_relaxed;

uint32_t StepLaunches::Next(uint64_t step) {
  const uint64_t begin = step << kCountBits;
  uint64_t now = step_and_count_.load(memory_order_relaxed);
  uint64_t next;
  do {
    const bool same = now >> kCountBits == begin >> kCountBits;
    next = (same ? now : begin) + 1;
    // More than fit: stay there.
    if (next >> kCountBits != begin >> kCountBits) next = now;
  } while (
      !step_and_count_.compare_exchange_weak(now, next, memory_order_relaxed));
  return static_cast<uint32_t>(next - begin) - 1;
}

}  // namespace moetap
