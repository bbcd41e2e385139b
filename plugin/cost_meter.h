// What the capture costs, for the headers of its blocks.
#ifndef MOETAP_PLUGIN_COST_METER_H_
#define MOETAP_PLUGIN_COST_METER_H_

#include <cstdint>

#include "plugin/host_time.h"
#include "schema/block_format.h"

namespace moetap {

// One moment by three clocks.
struct Moment {
  uint64_t ticks = 0;
  int64_t ns = 0;      // CLOCK_MONOTONIC
  int64_t cpu_ns = 0;  // of the calling thread

  static Moment Now();
};

// Of the writer thread alone.
class CostMeter {
 public:
  // `host` must outlive the meter.
  explicit CostMeter(const HostTime* host) : host_(host) {}

  // When the writer begins.
  void Start(const Moment& now) { start_ = now; }

  // The cost up to now, no figure less than before; `bytes` were written.
  Cost Read(uint64_t bytes, const Moment& now);

 private:
  const HostTime* host_;
  Moment start_;
  uint64_t engine_ns_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_COST_METER_H_
