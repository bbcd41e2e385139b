// Streams, events, host functions, captures and graphs.
#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/transfer.h"
#include "tests/cuda_standin/driver/entry.h"
#include "tests/cuda_standin/driver/entry_points.h"

namespace standin {
namespace {

template <typename Use>
int WithStream(CUstream stream, Use use) {
  StreamProperties properties;
  const int status = DescribeStream(stream, &properties);
  if (status == CUDA_SUCCESS) use(properties);
  return status;
}

int FillCaptureInfo(CUstream stream, CUstreamCaptureStatus* status,
                    cuuint64_t* id, CUgraph* graph,
                    const CUgraphNode** dependencies, size_t* count) {
  CaptureInfo info;
  const int code = GetCaptureInfo(stream, &info);
  *status = info.status;
  if (id != nullptr) *id = info.id;
  if (graph != nullptr) *graph = info.graph;
  if (dependencies != nullptr) *dependencies = info.dependencies;
  if (count != nullptr) *count = info.count;
  return code;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return Call(STANDIN_HERE, [&] { return CreateStream(flags, 0, stream); });
}

CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags,
                                    int priority) {
  return Call(STANDIN_HERE,
              [&] { return CreateStream(flags, priority, stream); });
}

CUresult cuStreamDestroy(CUstream stream) {
  return Call(STANDIN_HERE, [&] { return DestroyStream(stream); });
}

CUresult cuStreamSynchronize(CUstream stream) {
  return Call(STANDIN_HERE, [&] { return SynchronizeStream(stream); });
}

CUresult cuStreamQuery(CUstream stream) {
  return Call(STANDIN_HERE, [&] { return QueryStream(stream); });
}

CUresult cuStreamGetPriority(CUstream stream, int* priority) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *priority = p.priority; });
  });
}

CUresult cuStreamGetFlags(CUstream stream, unsigned* flags) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *flags = p.flags; });
  });
}

CUresult cuStreamGetId(CUstream stream, unsigned long long* id) {
  return Call(STANDIN_HERE,
              [&] { return WithStream(stream, [&](auto& p) { *id = p.id; }); });
}

CUresult cuStreamGetDevice(CUstream stream, CUdevice* device) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *device = p.context->device; });
  });
}

CUresult cuStreamGetCtx(CUstream stream, CUcontext* context) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) {
      *context = reinterpret_cast<CUcontext>(p.context);
    });
  });
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  return Call(STANDIN_HERE, [&]() -> int {
    if (flags != CU_EVENT_WAIT_DEFAULT) return CUDA_ERROR_NOT_SUPPORTED;
    return WaitEvent(stream, event);
  });
}

CUresult cuEventCreate(CUevent* event, unsigned flags) {
  return Call(STANDIN_HERE, [&] { return CreateEvent(flags, event); });
}

CUresult cuEventDestroy(CUevent event) {
  return Call(STANDIN_HERE, [&] { return DestroyEvent(event); });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return Call(STANDIN_HERE, [&] { return RecordEvent(event, stream); });
}

CUresult cuEventQuery(CUevent event) {
  return Call(STANDIN_HERE, [&] { return QueryEvent(event); });
}

CUresult cuEventSynchronize(CUevent event) {
  return Call(STANDIN_HERE, [&] { return SynchronizeEvent(event); });
}

CUresult cuEventElapsedTime(float* ms, CUevent start, CUevent end) {
  return Call(STANDIN_HERE, [&] { return ElapsedTime(start, end, ms); });
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void* data) {
  return Call(STANDIN_HERE, [&] { return CallHost(function, data, stream); });
}

CUresult cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
  return Call(STANDIN_HERE, [&] { return BeginCapture(stream, mode); });
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  return Call(STANDIN_HERE, [&] { return EndCapture(stream, graph); });
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  return Call(STANDIN_HERE, [&] {
    return FillCaptureInfo(stream, status, nullptr, nullptr, nullptr, nullptr);
  });
}

CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                   CUstreamCaptureStatus* status,
                                   cuuint64_t* id, CUgraph* graph,
                                   const CUgraphNode** dependencies,
                                   size_t* count) {
  return Call(STANDIN_HERE, [&] {
    return FillCaptureInfo(stream, status, id, graph, dependencies, count);
  });
}

CUresult cuStreamGetCaptureInfo_v3(CUstream stream,
                                   CUstreamCaptureStatus* status,
                                   cuuint64_t* id, CUgraph* graph,
                                   const CUgraphNode** dependencies,
                                   const CUgraphEdgeData** edges,
                                   size_t* count) {
  return Call(STANDIN_HERE, [&] {
    if (edges != nullptr) *edges = nullptr;
    return FillCaptureInfo(stream, status, id, graph, dependencies, count);
  });
}

CUresult cuGraphCreate(CUgraph* graph, unsigned) {
  return Call(STANDIN_HERE, [&] {
    *graph = CreateGraph();
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphClone(CUgraph* clone, CUgraph graph) {
  return Call(STANDIN_HERE, [&] { return CloneGraph(graph, clone); });
}

CUresult cuGraphDestroy(CUgraph graph) {
  return Call(STANDIN_HERE, [&] { return DestroyGraph(graph); });
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
  return Call(STANDIN_HERE, [&] { return GetNodes(graph, nodes, count); });
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph,
                                     unsigned long long) {
  return Call(STANDIN_HERE, [&] { return InstantiateGraph(graph, exec); });
}

CUresult cuGraphInstantiateWithParams(CUgraphExec* exec, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS* params) {
  return Call(STANDIN_HERE, [&] {
    const int status = InstantiateGraph(graph, exec);
    params->hErrNode_out = nullptr;
    params->result_out = status == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS
                                                : CUDA_GRAPH_INSTANTIATE_ERROR;
    return status;
  });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  return Call(STANDIN_HERE, [&] { return LaunchGraph(exec, stream); });
}

CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph,
                           CUgraphExecUpdateResultInfo* info) {
  return Call(STANDIN_HERE, [&] {
    const int status = UpdateExec(exec, graph);
    *info = {};
    info->result = status == CUDA_SUCCESS
                       ? CU_GRAPH_EXEC_UPDATE_SUCCESS
                       : CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    return status;
  });
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return Call(STANDIN_HERE, [&] { return DestroyExec(exec); });
}

}  // extern "C"
