// All CUDA state of a process.
#ifndef MOETAP_PLUGIN_CUDA_CUDA_CAPTURE_H_
#define MOETAP_PLUGIN_CUDA_CUDA_CAPTURE_H_

#include <atomic>
#include <cstddef>

#include "plugin/cuda/captured_graphs.h"
#include "plugin/cuda/device.h"
#include "plugin/cuda/step_launches.h"
#include "plugin/process.h"
#include "plugin/record_source.h"

namespace moetap {

// In memory that a forked child does not have; CUDA does not work there
// either.
class CudaCapture final : public RecordSource {
 public:
  // That of a running process, made if need be.  Null: no memory.
  static CudaCapture* Of(Process* process);
  // Null if there is none.
  static CudaCapture* IfAny(Process* process);

  const Driver* driver() const { return driver_; }

  // The device of the current context, opened if need be; null if that failed,
  // which was said.
  Device* CurrentDevice(Process* process);

  // The writer thread.
  void Pump(RingBuffer* ring) override;

  CapturedGraphs& graphs() { return graphs_; }
  StepLaunches& launches() { return launches_; }

  // A router launch was seen, so that the kernels that read ids tell nothing
  // new.
  std::atomic<bool> routers_seen = false;

 private:
  static constexpr size_t kDevices = 16;
  struct Slot {
    std::atomic<CudaContext> context = nullptr;  // set once `device` is settled
    bool usable = false;
    Device device{};
  };

  Device* Open(Process* process, CudaContext context);

  const Driver* driver_ = nullptr;
  Slot slots_[kDevices];
  CapturedGraphs graphs_{};
  StepLaunches launches_{};
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CUDA_CAPTURE_H_
