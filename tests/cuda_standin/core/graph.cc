#include "tests/cuda_standin/core/graph.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "tests/cuda_standin/core/log.h"

namespace standin {
namespace {

using ExecPtr = std::shared_ptr<GraphExec>;

std::unordered_map<CUgraph, std::shared_ptr<Graph>>& Graphs() {
  static auto* const graphs =
      new std::unordered_map<CUgraph, std::shared_ptr<Graph>>;
  return *graphs;
}

std::unordered_map<CUgraphExec, ExecPtr>& Execs() {
  static auto* const execs = new std::unordered_map<CUgraphExec, ExecPtr>;
  return *execs;
}

std::shared_ptr<Graph> Clone(const Graph& graph) {
  auto clone = std::make_shared<Graph>();
  clone->id = NextGraphId();
  std::map<const Node*, Node*> made;
  for (const auto& node : graph.nodes) {
    auto copy = std::make_unique<Node>();
    copy->graph = clone.get();
    copy->work = node->work;
    for (const Node* before : node->dependencies) {
      copy->dependencies.push_back(made.at(before));
    }
    made[node.get()] = copy.get();
    clone->nodes.push_back(std::move(copy));
  }
  return clone;
}

void AddUnique(std::vector<size_t>* set, const std::vector<size_t>& more) {
  for (const size_t index : more) {
    if (std::find(set->begin(), set->end(), index) == set->end()) {
      set->push_back(index);
    }
  }
}

// Appends the steps of a graph, the first ones behind `entry`.  Returns the
// steps that nothing in the graph waits for; `entry` if it is empty.
std::vector<size_t> Expand(const Graph& graph, const std::vector<size_t>& entry,
                           Plan* plan) {
  std::map<const Node*, std::vector<size_t>> done_with;
  std::map<const Node*, bool> awaited;
  for (const auto& node : graph.nodes) {
    std::vector<size_t> after;
    for (const Node* before : node->dependencies) {
      AddUnique(&after, done_with.at(before));
      awaited[before] = true;
    }
    if (node->dependencies.empty()) after = entry;
    if (node->work.child != nullptr) {
      done_with[node.get()] = Expand(*node->work.child, after, plan);
    } else {
      done_with[node.get()] = {plan->size()};
      plan->push_back({node->work, after});
    }
  }
  std::vector<size_t> last;
  for (const auto& node : graph.nodes) {
    if (!awaited[node.get()]) AddUnique(&last, done_with.at(node.get()));
  }
  return graph.nodes.empty() ? entry : last;
}

std::shared_ptr<const Plan> MakePlan(const Graph& graph) {
  auto plan = std::make_shared<Plan>();
  Expand(graph, {}, plan.get());
  return plan;
}

bool SameShape(const Plan& a, const Plan& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const Step& x, const Step& y) {
        return x.work.type == y.work.type && x.dependencies == y.dependencies;
      });
}

// One replayed step as an operation that keeps the plan alive.
Op MakeOperation(const std::shared_ptr<const Plan>& plan, size_t index,
                 const Execution& where) {
  const Work& work = (*plan)[index].work;
  auto op = std::make_shared<Operation>();
  op->where = where;
  op->kernel = work.kernel != nullptr;
  op->body = [plan, index, where] {
    const Work& mine = (*plan)[index].work;
    if (LaunchLogWanted()) {
      LogLaunch("replay " + Describe(mine) +
                " stream=" + std::to_string(where.stream) +
                " graph=" + std::to_string(where.graph));
    }
    if (mine.body) mine.body();
  };
  return op;
}

void Replay(const GraphExec& exec, const StreamPtr& stream, Op* last) {
  const Op begin = Append(stream, Work(), {exec.last});
  const Execution where = {stream->context->device, stream->id, true, exec.id};
  std::vector<Op> ops;
  for (size_t i = 0; i < exec.plan->size(); ++i) {
    const Step& step = (*exec.plan)[i];
    std::vector<Op> after;
    for (const size_t index : step.dependencies) after.push_back(ops[index]);
    if (after.empty()) after.push_back(begin);
    const Op op = MakeOperation(exec.plan, i, where);
    if (step.work.programmatic() && after.size() == 1 && after[0]->kernel) {
      op->primary = after[0];
    }
    Scheduler::Get().Add(op, after);
    ops.push_back(op);
  }
  *last = Append(stream, Work(), ops);
}

}  // namespace

uint64_t NextGraphId() {
  static uint64_t next = 1;
  return next++;
}

std::shared_ptr<Graph> FindGraph(CUgraph handle) {
  const auto found = Graphs().find(handle);
  return found == Graphs().end() ? nullptr : found->second;
}

CUgraph AddGraph(std::shared_ptr<Graph> graph) {
  const auto handle = reinterpret_cast<CUgraph>(graph.get());
  Graphs()[handle] = std::move(graph);
  return handle;
}

void RemoveGraph(CUgraph handle) { Graphs().erase(handle); }

CUgraph CreateGraph() {
  Lock lock = Scheduler::Get().Acquire();
  auto graph = std::make_shared<Graph>();
  graph->id = NextGraphId();
  return AddGraph(std::move(graph));
}

int CloneGraph(CUgraph handle, CUgraph* out) {
  Lock lock = Scheduler::Get().Acquire();
  const auto graph = FindGraph(handle);
  if (graph == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *out = AddGraph(Clone(*graph));
  return CUDA_SUCCESS;
}

int DestroyGraph(CUgraph handle) {
  Lock lock = Scheduler::Get().Acquire();
  return Graphs().erase(handle) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

int GetNodes(CUgraph handle, CUgraphNode* nodes, size_t* count) {
  Lock lock = Scheduler::Get().Acquire();
  const auto graph = FindGraph(handle);
  if (graph == nullptr) return CUDA_ERROR_INVALID_VALUE;
  const size_t capacity = *count;
  *count = graph->nodes.size();
  if (nodes == nullptr) return CUDA_SUCCESS;
  for (size_t i = 0; i < capacity; ++i) {
    nodes[i] = i < *count ? reinterpret_cast<CUgraphNode>(graph->nodes[i].get())
                          : nullptr;
  }
  *count = std::min(*count, capacity);
  return CUDA_SUCCESS;
}

int GetEdges(CUgraph handle, CUgraphNode* from, CUgraphNode* to,
             size_t* count) {
  Lock lock = Scheduler::Get().Acquire();
  const auto graph = FindGraph(handle);
  if (graph == nullptr) return CUDA_ERROR_INVALID_VALUE;
  size_t edges = 0;
  for (const auto& node : graph->nodes) {
    for (Node* before : node->dependencies) {
      if (from != nullptr && edges < *count) {
        from[edges] = reinterpret_cast<CUgraphNode>(before);
        to[edges] = reinterpret_cast<CUgraphNode>(node.get());
      }
      ++edges;
    }
  }
  *count = from == nullptr ? edges : std::min(edges, *count);
  return CUDA_SUCCESS;
}

int GetNodeType(CUgraphNode node, CUgraphNodeType* type) {
  if (node == nullptr) return CUDA_ERROR_INVALID_VALUE;
  Lock lock = Scheduler::Get().Acquire();
  *type = reinterpret_cast<Node*>(node)->work.type;
  return CUDA_SUCCESS;
}

int InstantiateGraph(CUgraph handle, CUgraphExec* out) {
  Lock lock = Scheduler::Get().Acquire();
  const auto graph = FindGraph(handle);
  if (graph == nullptr) return CUDA_ERROR_INVALID_VALUE;
  auto exec = std::make_shared<GraphExec>();
  exec->id = NextGraphId();
  exec->source = Clone(*graph);
  exec->plan = MakePlan(*exec->source);
  *out = reinterpret_cast<CUgraphExec>(exec.get());
  LogLaunch("instantiate graph=" + std::to_string(exec->id) +
            " nodes=" + std::to_string(exec->plan->size()));
  Execs()[*out] = std::move(exec);
  return CUDA_SUCCESS;
}

int UpdateExec(CUgraphExec handle, CUgraph graph_handle) {
  Lock lock = Scheduler::Get().Acquire();
  const auto found = Execs().find(handle);
  const auto graph = FindGraph(graph_handle);
  if (found == Execs().end() || graph == nullptr) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  auto plan = MakePlan(*graph);
  if (!SameShape(*plan, *found->second->plan)) {
    return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  }
  found->second->source = Clone(*graph);
  found->second->plan = std::move(plan);
  return CUDA_SUCCESS;
}

int LaunchGraph(CUgraphExec handle, CUstream stream_handle) {
  Lock lock = Scheduler::Get().Acquire();
  const auto found = Execs().find(handle);
  if (found == Execs().end()) return CUDA_ERROR_INVALID_VALUE;
  const ExecPtr exec = found->second;
  StreamPtr stream;
  int status = FindStream(lock, stream_handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  if (stream->capture != nullptr) {
    Work work;
    work.type = CU_GRAPH_NODE_TYPE_GRAPH;
    work.child = exec->source;
    return CaptureWork(stream, work);
  }
  if (stream->legacy()) status = CheckImplicit(stream);
  if (status != CUDA_SUCCESS) return status;
  LogLaunch("graph-launch graph=" + std::to_string(exec->id) +
            " nodes=" + std::to_string(exec->plan->size()) +
            " stream=" + std::to_string(stream->id));
  Replay(*exec, stream, &exec->last);
  Scheduler::Get().Pump(lock);
  return CUDA_SUCCESS;
}

int DestroyExec(CUgraphExec handle) {
  Lock lock = Scheduler::Get().Acquire();
  return Execs().erase(handle) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace standin
