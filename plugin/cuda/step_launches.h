// Which MoE layer a router launch is: the how-many-th of its step.
#ifndef MOETAP_PLUGIN_CUDA_STEP_LAUNCHES_H_
#define MOETAP_PLUGIN_CUDA_STEP_LAUNCHES_H_

#include <atomic>
#include <cstdint>

namespace moetap {

// All-zero bytes are the state before any launch.  Any thread, no lock.
//
// Counted over all streams: an engine that runs the layers of one forward pass
// in several streams launches them in order.  One that runs two halves of a
// batch side by side launches each layer twice, and the step then has more
// launches than layers, which is seen.
class StepLaunches {
 public:
  // Ordinal of the next router launch since `step` began, from 0.
  uint32_t Next(uint64_t step);

 private:
  static constexpr int kCountBits = 16;

  std::atomic<uint64_t> step_and_count_;  // step << 16 | launches
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_STEP_LAUNCHES_H_
