// Puts a capture kernel behind every router launch, and tells the graphs that
// hold one which step they run for.
#ifndef MOETAP_PLUGIN_CUDA_CUDA_RECORDER_H_
#define MOETAP_PLUGIN_CUDA_CUDA_RECORDER_H_

#include "hooks/cuda/launch_sink.h"

namespace moetap {

// Has no state of its own: everything lies in the process, so that it is
// right in a forked child.
class CudaRecorder final : public LaunchSink {
 public:
  void OnRouterLaunch(const RouterLaunch& launch) override;
  void OnUnreadableLaunch(const KernelRow& row, const char* why) override;
  void OnUnknownKernel(const KernelRow& row, const char* mangled,
                       const char* why) override;
  void OnGraphInstantiated(CudaGraph graph, CudaGraphExec exec) override;
  void OnGraphExecUpdated(CudaGraphExec exec, CudaGraph graph) override;
  void OnGraphCloned(CudaGraph clone, CudaGraph original) override;
  void BeforeGraphLaunch(CudaGraphExec exec, CudaStream stream) override;
  void BeforeGraphDestroy(CudaGraph graph) override;
  void BeforeGraphExecDestroy(CudaGraphExec exec) override;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CUDA_RECORDER_H_
