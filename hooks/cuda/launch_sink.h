// The seam between "what a CUDA engine launches" (hooks/cuda/) and "what
// becomes of it" (plugin/cuda/): plain structs in, nothing out.
#ifndef MOETAP_HOOKS_CUDA_LAUNCH_SINK_H_
#define MOETAP_HOOKS_CUDA_LAUNCH_SINK_H_

#include <cstdint>

#include "hooks/call_timing.h"
#include "hooks/cuda/kernel_rows.h"

namespace moetap {

// Handles of the driver, which the runtime shares (cudaStream_t is CUstream).
struct CudaStreamTag;
struct CudaGraphTag;
struct CudaGraphExecTag;
using CudaStream = CudaStreamTag*;
using CudaGraph = CudaGraphTag*;
using CudaGraphExec = CudaGraphExecTag*;

// The default streams by their names (CU_STREAM_LEGACY, CU_STREAM_PER_THREAD):
// no handle here is null, whichever form of an entry point was called.
inline const auto kLegacyStream = reinterpret_cast<CudaStream>(1);
inline const auto kPerThreadStream = reinterpret_cast<CudaStream>(2);

// One launch of a kernel that routing decisions pass through.  The ids are a
// packed matrix [rows, k] in device memory, row after row; they are there once
// what is in the stream now has run.
struct RouterLaunch {
  const KernelRow* row = nullptr;
  const void* ids = nullptr;      // device address
  const void* padding = nullptr;  // device address: bool[rows], true = not a
                                  // token; null: every row is one
  uint32_t rows = 0;
  uint32_t k = 0;
  uint32_t experts = 0;  // 0 = the launch does not tell
  uint8_t id_bytes = 0;  // 1, 2, 4 or 8
  bool id_signed = false;
  CudaStream stream = nullptr;
  bool programmatic = false;  // with programmatic stream serialization
  CallTiming timing{};        // none of what a shim asked for
};

// Called on the engine's threads, any number of them at once, with the context
// of the call current.  Must not throw, block, allocate host memory or change
// errno.
class LaunchSink {
 public:
  // After the launch (or its capture into a graph) succeeded.
  virtual void OnRouterLaunch(const RouterLaunch& launch) = 0;

  // A launch of a kernel of ours that could not be read; `why` is a literal.
  virtual void OnUnreadableLaunch(const KernelRow& row, const char* why) = 0;

  // A kernel that carries the name of a row, registered with template
  // arguments or parameters of no known form.  Once per name and process.
  virtual void OnUnknownKernel(const KernelRow& row, const char* mangled,
                               const char* why) = 0;

  // Each after the call succeeded, except where "before" is said.
  virtual void OnGraphInstantiated(CudaGraph graph, CudaGraphExec exec) = 0;
  virtual void OnGraphExecUpdated(CudaGraphExec exec, CudaGraph graph) = 0;
  virtual void OnGraphCloned(CudaGraph clone, CudaGraph original) = 0;
  virtual void BeforeGraphLaunch(CudaGraphExec exec, CudaStream stream) = 0;
  virtual void BeforeGraphDestroy(CudaGraph graph) = 0;
  virtual void BeforeGraphExecDestroy(CudaGraphExec exec) = 0;

 protected:
  ~LaunchSink() = default;
};

// Null until the recorder sets it: hooks then forward and do nothing else.
void SetLaunchSink(LaunchSink* sink);
LaunchSink* GetLaunchSink();

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_LAUNCH_SINK_H_
