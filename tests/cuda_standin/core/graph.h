// Graphs, executable graphs and captures.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_GRAPH_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_GRAPH_H_

#include <cuda.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tests/cuda_standin/core/stream.h"

namespace standin {

struct Node {
  Graph* graph = nullptr;
  Work work;
  std::vector<Node*> dependencies;
};

struct Graph {
  uint64_t id = 0;
  std::vector<std::unique_ptr<Node>> nodes;  // after their dependencies
};

// What an executable graph consists of: children are expanded, dependencies
// are indices.
struct Step {
  Work work;
  std::vector<size_t> dependencies;
};
using Plan = std::vector<Step>;

struct GraphExec {
  uint64_t id = 0;
  std::shared_ptr<const Graph> source;  // a copy
  std::shared_ptr<const Plan> plan;
  Op last;  // launches of one executable graph are ordered
};

struct Capture {
  uint64_t id = 0;
  std::shared_ptr<Graph> graph;
  bool own_graph = false;  // else the one of cudaStreamBeginCaptureToGraph
  Stream* origin = nullptr;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  bool invalid = false;
  std::vector<StreamPtr> streams;
};

// Codes are those of CUresult.

// --- captures --------------------------------------------------------------

// Begins a capture; with a graph, into it, behind `dependencies`.
STANDIN_EXPORT int BeginCapture(CUstream stream, CUstreamCaptureMode mode,
                                CUgraph graph = nullptr,
                                const CUgraphNode* dependencies = nullptr,
                                size_t count = 0);
STANDIN_EXPORT int EndCapture(CUstream stream, CUgraph* graph);

struct CaptureInfo {
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  uint64_t id = 0;
  CUgraph graph = nullptr;
  const CUgraphNode* dependencies = nullptr;  // until the stream's next call
  size_t count = 0;
};
STANDIN_EXPORT int GetCaptureInfo(CUstream stream, CaptureInfo* info);
// flags 0 adds, 1 replaces.
STANDIN_EXPORT int UpdateCaptureDependencies(CUstream stream,
                                             CUgraphNode* dependencies,
                                             size_t count, unsigned flags);

// The mode of the calling thread; returns the previous one.
STANDIN_EXPORT CUstreamCaptureMode
ExchangeCaptureMode(CUstreamCaptureMode mode);

// For calls that may not happen during captures of certain modes.  If one is
// under way that this thread must respect, it is invalidated and the call is
// to fail.
STANDIN_EXPORT int CheckUnsafeCall();
int CheckUnsafeCall(Lock& lock);

// Adds work to the graph that a stream captures.
int CaptureWork(const StreamPtr& stream, const Work& work);
// The two halves of a fork or join.
void CaptureRecord(const StreamPtr& stream, Event* event);
int CaptureWait(const StreamPtr& stream, const Event& event);
// Submitting to the legacy stream while a stream that it would wait for
// captures; all such captures are invalidated.
int CheckImplicit(const StreamPtr& legacy);
// Whatever encompasses capturing streams of a context must not be waited for.
int CheckContextWait(const Context* context);
void Invalidate(Capture* capture);

// --- graphs ----------------------------------------------------------------

STANDIN_EXPORT CUgraph CreateGraph();
STANDIN_EXPORT int CloneGraph(CUgraph graph, CUgraph* out);
STANDIN_EXPORT int DestroyGraph(CUgraph graph);
// As cuGraphGetNodes: with `nodes` null, only the count.
STANDIN_EXPORT int GetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count);
// As cuGraphGetEdges.
STANDIN_EXPORT int GetEdges(CUgraph graph, CUgraphNode* from, CUgraphNode* to,
                            size_t* count);
STANDIN_EXPORT int GetNodeType(CUgraphNode node, CUgraphNodeType* type);

STANDIN_EXPORT int InstantiateGraph(CUgraph graph, CUgraphExec* out);
// Fails, and changes nothing, if the graph differs in more than arguments.
STANDIN_EXPORT int UpdateExec(CUgraphExec exec, CUgraph graph);
STANDIN_EXPORT int LaunchGraph(CUgraphExec exec, CUstream stream);
STANDIN_EXPORT int DestroyExec(CUgraphExec exec);

uint64_t NextGraphId();
std::shared_ptr<Graph> FindGraph(CUgraph handle);
// Makes a graph known by its handle, which is its address.
CUgraph AddGraph(std::shared_ptr<Graph> graph);
void RemoveGraph(CUgraph handle);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_GRAPH_H_
