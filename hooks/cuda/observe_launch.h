// What every launch hook does with a launch that succeeded: read it, report
// it.
#ifndef MOETAP_HOOKS_CUDA_OBSERVE_LAUNCH_H_
#define MOETAP_HOOKS_CUDA_OBSERVE_LAUNCH_H_

#include <cstdint>

#include "hooks/cuda/kernel_table.h"
#include "hooks/cuda/launch_sink.h"

namespace moetap {

struct Launch {
  uint32_t grid_x = 0;
  void* const* arguments = nullptr;  // where each is; null: not told
  CudaStream stream = nullptr;
  bool programmatic = false;
};

// Reports one launch of `kernel` to the sink.  Any thread; keeps errno.
void ObserveLaunch(LaunchSink& sink, Kernel& kernel, const Launch& launch);

// Null if *out is complete; else why it is not, a literal.  `match` has the
// verdict kRow.
const char* ReadLaunch(const KernelMatch& match, const Launch& launch,
                       RouterLaunch* out);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_OBSERVE_LAUNCH_H_
