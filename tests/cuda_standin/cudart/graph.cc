// Captures and graphs.
#include "tests/cuda_standin/core/graph.h"

#include "tests/cuda_standin/cudart/entry.h"

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                   cudaStreamCaptureMode mode) {
  return Call(STANDIN_HERE, [&] {
    return BeginCapture(stream, static_cast<CUstreamCaptureMode>(mode));
  });
}

cudaError_t cudaStreamBeginCaptureToGraph(
    cudaStream_t stream, cudaGraph_t graph, const cudaGraphNode_t* dependencies,
    const cudaGraphEdgeData*, size_t count, cudaStreamCaptureMode mode) {
  return Call(STANDIN_HERE, [&]() -> int {
    if (graph == nullptr) return cudaErrorInvalidValue;
    return BeginCapture(stream, static_cast<CUstreamCaptureMode>(mode), graph,
                        dependencies, count);
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return Call(STANDIN_HERE, [&] { return EndCapture(stream, graph); });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream,
                                  cudaStreamCaptureStatus* status) {
  return Call(STANDIN_HERE, [&] {
    CaptureInfo info;
    const int code = GetCaptureInfo(stream, &info);
    *status = static_cast<cudaStreamCaptureStatus>(info.status);
    return code;
  });
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream,
                                     cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges,
                                     size_t* count) {
  return Call(STANDIN_HERE, [&] {
    CaptureInfo info;
    const int code = GetCaptureInfo(stream, &info);
    *status = static_cast<cudaStreamCaptureStatus>(info.status);
    if (id != nullptr) *id = info.id;
    if (graph != nullptr) *graph = info.graph;
    if (dependencies != nullptr) *dependencies = info.dependencies;
    if (edges != nullptr) *edges = nullptr;
    if (count != nullptr) *count = info.count;
    return code;
  });
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream,
                                                cudaGraphNode_t* dependencies,
                                                const cudaGraphEdgeData*,
                                                size_t count, unsigned flags) {
  return Call(STANDIN_HERE, [&] {
    return UpdateCaptureDependencies(stream, dependencies, count, flags);
  });
}

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned) {
  return Call(STANDIN_HERE, [&] {
    *graph = CreateGraph();
    return cudaSuccess;
  });
}

cudaError_t cudaGraphClone(cudaGraph_t* clone, cudaGraph_t graph) {
  return Call(STANDIN_HERE, [&] { return CloneGraph(graph, clone); });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return Call(STANDIN_HERE, [&] { return DestroyGraph(graph); });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes,
                              size_t* count) {
  return Call(STANDIN_HERE, [&] { return GetNodes(graph, nodes, count); });
}

cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from,
                              cudaGraphNode_t* to, cudaGraphEdgeData* data,
                              size_t* count) {
  return Call(STANDIN_HERE, [&] {
    const int status = GetEdges(graph, from, to, count);
    for (size_t i = 0; data != nullptr && i < *count; ++i) data[i] = {};
    return status;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node,
                                 cudaGraphNodeType* type) {
  return Call(STANDIN_HERE, [&] {
    CUgraphNodeType found = CU_GRAPH_NODE_TYPE_EMPTY;
    const int status = GetNodeType(node, &found);
    *type = static_cast<cudaGraphNodeType>(found);
    return status;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long) {
  return Call(STANDIN_HERE, [&] { return InstantiateGraph(graph, exec); });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec,
                                          cudaGraph_t graph,
                                          unsigned long long) {
  return Call(STANDIN_HERE, [&] { return InstantiateGraph(graph, exec); });
}

cudaError_t cudaGraphInstantiateWithParams(cudaGraphExec_t* exec,
                                           cudaGraph_t graph,
                                           cudaGraphInstantiateParams* params) {
  return Call(STANDIN_HERE, [&] {
    const int status = InstantiateGraph(graph, exec);
    params->errNode_out = nullptr;
    params->result_out = status == cudaSuccess ? cudaGraphInstantiateSuccess
                                               : cudaGraphInstantiateError;
    return status;
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return LaunchGraph(exec, stream); });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) {
  return Call(STANDIN_HERE, [] { return cudaSuccess; });
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* info) {
  return Call(STANDIN_HERE, [&] {
    const int status = UpdateExec(exec, graph);
    if (info == nullptr) return status;
    *info = {};
    info->result = status == cudaSuccess
                       ? cudaGraphExecUpdateSuccess
                       : cudaGraphExecUpdateErrorTopologyChanged;
    return status;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return Call(STANDIN_HERE, [&] { return DestroyExec(exec); });
}

}  // extern "C"
