// What happens to CUDA graphs, in the runtime and in the driver.
#include "hooks/cuda/entry_point.h"

namespace moetap {

using Unread = void*;  // a pointer that is passed on

// Calls the real function, reports if that succeeded.  `report` is a statement
// that may use the parameters and `sink`.
#define MOETAP_GRAPH_CALL(symbol, not_found, arguments, report) \
  auto* real = MOETAP_FIND_REAL(symbol);                        \
  if (real == nullptr) return not_found;                        \
  const OutermostCall call;                                     \
  CudaStatus status = real arguments;                           \
  LaunchSink* sink = call.sink();                               \
  if (sink != nullptr && status == kCudaSuccess) sink->report;  \
  return status

#define MOETAP_INSTANTIATE_FLAGS(symbol, not_found)                          \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraphExec* exec, CudaGraph graph, \
                                       unsigned long long flags) {           \
    MOETAP_GRAPH_CALL(symbol, not_found, (exec, graph, flags),               \
                      OnGraphInstantiated(graph, *exec));                    \
  }

MOETAP_INSTANTIATE_FLAGS(cudaGraphInstantiate, kCudaSymbolNotFound)
MOETAP_INSTANTIATE_FLAGS(cudaGraphInstantiateWithFlags, kCudaSymbolNotFound)
MOETAP_INSTANTIATE_FLAGS(cuGraphInstantiateWithFlags, kCudaNotFound)

#define MOETAP_INSTANTIATE_PARAMS(symbol, not_found)                         \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraphExec* exec, CudaGraph graph, \
                                       Unread parameters) {                  \
    MOETAP_GRAPH_CALL(symbol, not_found, (exec, graph, parameters),          \
                      OnGraphInstantiated(graph, *exec));                    \
  }

MOETAP_INSTANTIATE_PARAMS(cudaGraphInstantiateWithParams, kCudaSymbolNotFound)
MOETAP_INSTANTIATE_PARAMS(cudaGraphInstantiateWithParams_ptsz,
                          kCudaSymbolNotFound)
MOETAP_INSTANTIATE_PARAMS(cuGraphInstantiateWithParams, kCudaNotFound)
MOETAP_INSTANTIATE_PARAMS(cuGraphInstantiateWithParams_ptsz, kCudaNotFound)

// The forms of before CUDA 12, which the driver still has.
#define MOETAP_INSTANTIATE_LOG(symbol)                                       \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraphExec* exec, CudaGraph graph, \
                                       Unread error_node, char* log,         \
                                       size_t log_size) {                    \
    MOETAP_GRAPH_CALL(symbol, kCudaNotFound,                                 \
                      (exec, graph, error_node, log, log_size),              \
                      OnGraphInstantiated(graph, *exec));                    \
  }

MOETAP_INSTANTIATE_LOG(cuGraphInstantiate)
MOETAP_INSTANTIATE_LOG(cuGraphInstantiate_v2)

#define MOETAP_EXEC_UPDATE(symbol, not_found)                               \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraphExec exec, CudaGraph graph, \
                                       Unread result) {                     \
    MOETAP_GRAPH_CALL(symbol, not_found, (exec, graph, result),             \
                      OnGraphExecUpdated(exec, graph));                     \
  }

MOETAP_EXEC_UPDATE(cudaGraphExecUpdate, kCudaSymbolNotFound)
MOETAP_EXEC_UPDATE(cuGraphExecUpdate_v2, kCudaNotFound)

// The form of before CUDA 12.
MOETAP_ENTRY_POINT CudaStatus cuGraphExecUpdate(CudaGraphExec exec,
                                                CudaGraph graph,
                                                Unread error_node,
                                                Unread result) {
  MOETAP_GRAPH_CALL(cuGraphExecUpdate, kCudaNotFound,
                    (exec, graph, error_node, result),
                    OnGraphExecUpdated(exec, graph));
}

#define MOETAP_CLONE(symbol, not_found)                                        \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraph* clone, CudaGraph original) { \
    MOETAP_GRAPH_CALL(symbol, not_found, (clone, original),                    \
                      OnGraphCloned(*clone, original));                        \
  }

MOETAP_CLONE(cudaGraphClone, kCudaSymbolNotFound)
MOETAP_CLONE(cuGraphClone, kCudaNotFound)

// Reports first, then calls the real function.
#define MOETAP_GRAPH_REPORT_CALL(symbol, not_found, report, arguments) \
  auto* real = MOETAP_FIND_REAL(symbol);                               \
  if (real == nullptr) return not_found;                               \
  const OutermostCall call;                                            \
  if (LaunchSink* sink = call.sink()) sink->report;                    \
  return real arguments

#define MOETAP_GRAPH_LAUNCH(symbol, not_found, normalize)                \
  MOETAP_ENTRY_POINT CudaStatus symbol(CudaGraphExec exec,               \
                                       CudaStream stream) {              \
    MOETAP_GRAPH_REPORT_CALL(symbol, not_found,                          \
                             BeforeGraphLaunch(exec, normalize(stream)), \
                             (exec, stream));                            \
  }

MOETAP_GRAPH_LAUNCH(cudaGraphLaunch, kCudaSymbolNotFound, OrLegacy)
MOETAP_GRAPH_LAUNCH(cudaGraphLaunch_ptsz, kCudaSymbolNotFound, OrPerThread)
MOETAP_GRAPH_LAUNCH(cuGraphLaunch, kCudaNotFound, OrLegacy)
MOETAP_GRAPH_LAUNCH(cuGraphLaunch_ptsz, kCudaNotFound, OrPerThread)

#define MOETAP_DESTROY(symbol, not_found, Type, report)                    \
  MOETAP_ENTRY_POINT CudaStatus symbol(Type handle) {                      \
    MOETAP_GRAPH_REPORT_CALL(symbol, not_found, report(handle), (handle)); \
  }

MOETAP_DESTROY(cudaGraphDestroy, kCudaSymbolNotFound, CudaGraph,
               BeforeGraphDestroy)
MOETAP_DESTROY(cuGraphDestroy, kCudaNotFound, CudaGraph, BeforeGraphDestroy)
MOETAP_DESTROY(cudaGraphExecDestroy, kCudaSymbolNotFound, CudaGraphExec,
               BeforeGraphExecDestroy)
MOETAP_DESTROY(cuGraphExecDestroy, kCudaNotFound, CudaGraphExec,
               BeforeGraphExecDestroy)

}  // namespace moetap
