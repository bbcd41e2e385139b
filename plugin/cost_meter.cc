#include "plugin/cost_meter.h"

#include <algorithm>
#include <ctime>

#include "plugin/clock.h"

namespace moetap {

Moment Moment::Now() {
  return {.ticks = Ticks(),
          .ns = moetap::Now(CLOCK_MONOTONIC),
          .cpu_ns = moetap::Now(CLOCK_THREAD_CPUTIME_ID)};
}

Cost CostMeter::Read(uint64_t bytes, const Moment& now) {
  // How long a tick is shows over all the time since the start.
  if (now.ticks > start_.ticks) {
    const double ns = static_cast<double>(now.ns - start_.ns) /
                      static_cast<double>(now.ticks - start_.ticks);
    const double engine_ns = static_cast<double>(host_->engine_ticks()) * ns;
    // A tick that turns out to be shorter takes nothing back.
    engine_ns_ = std::max(engine_ns_, static_cast<uint64_t>(engine_ns));
  }
  return {.bytes = bytes,
          .engine_ns = engine_ns_,
          .shim_ns = host_->shim_ns(),
          .writer_ns = static_cast<uint64_t>(now.cpu_ns - start_.cpu_ns)};
}

}  // namespace moetap
