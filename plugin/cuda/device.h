// What the recorder has on one CUDA context: the capture kernel, the ring and
// the step words.
#ifndef MOETAP_PLUGIN_CUDA_DEVICE_H_
#define MOETAP_PLUGIN_CUDA_DEVICE_H_

#include <cstddef>
#include <cstdint>

#include "plugin/cuda/device_ring.h"
#include "plugin/cuda/driver.h"

namespace moetap {

// The step that a launch belongs to.
struct LaunchStep {
  uint64_t step = 0;              // 0 = none was announced
  uint32_t real_rows = kAllRows;  // rows of it that are tokens
};

// All-zero bytes are a device that is not open.
class Device {
 public:
  // Loads the kernels, maps the ring and makes the step words on the current
  // context, while streams may be capturing.  Null, or a literal that says
  // what failed; then nothing is left behind.  Needs the process lock.
  const char* Open(const Driver& driver, size_t ring_bytes, size_t words);

  // The rest: any thread, with the context of Open() current.  All return a
  // CUresult, and put one kernel into the stream if it is 0.

  // Copies the ids of `launch` once the router has run.  With `word` >= 0 the
  // step is the one that is in that word then, else it is `step`.
  int Capture(const RouterLaunch& launch, uint16_t layer,
              const LaunchStep& step, int word);

  int SetStep(int word, const LaunchStep& step, CudaStream stream);

  DeviceRing& ring() { return ring_; }

 private:
  const char* LoadKernels();
  const char* MakeMemory(size_t ring_bytes, size_t words);
  const char* WarmUp();
  void Close();
  StepWord* Word(int number) const;
  int Launch(CudaFunction kernel, uint32_t blocks, uint32_t threads,
             CudaStream stream, bool programmatic, void* params);

  const Driver* driver_;
  CudaFunction capture_;
  CudaFunction set_step_;
  bool programmatic_;  // the kernel can wait for the one before it
  bool registered_;
  DeviceAddress memory_;  // DeviceState, then the words
  size_t memory_bytes_;
  DeviceAddress ring_address_;
  DeviceRing ring_;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_DEVICE_H_
