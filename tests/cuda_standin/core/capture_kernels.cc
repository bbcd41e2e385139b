// libmoetap's own kernels on the stand-in.  They alone wait for the kernel
// before them by themselves, so that a missing wait shows.
#include <cstring>

#include "tests/cuda/host_machine.h"
#include "tests/cuda_standin/runtime.h"

namespace standin {
namespace {

class Machine : public moetap::HostMachine {
 public:
  using HostMachine::HostMachine;
  void WaitForDependencies() { GridDependencyWait(); }
};

template <typename Params>
Params TheArgument(void** args) {
  Params params;
  std::memcpy(&params, args[0], sizeof(params));
  return params;
}

[[gnu::constructor]] void RegisterCaptureKernels() {
  RegisterHostKernel(moetap::kCaptureKernelName,
                     [](Dim3 grid, Dim3, void** args) {
                       moetap::CaptureOnHost<Machine>(
                           TheArgument<moetap::CaptureParams>(args), grid.x);
                     });
  RegisterHostKernel(moetap::kSetStepKernelName, [](Dim3, Dim3, void** args) {
    moetap::SetStepOnHost(TheArgument<moetap::SetStepParams>(args));
  });
}

}  // namespace
}  // namespace standin
