#include <algorithm>
#include <set>
#include <string>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/log.h"

namespace standin {
namespace {

std::vector<std::shared_ptr<Capture>>& Captures() {
  static auto* const captures = new std::vector<std::shared_ptr<Capture>>;
  return *captures;
}

thread_local CUstreamCaptureMode thread_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;

// Whether the calling thread must not make unsafe calls because of a capture.
bool Forbids(const Capture& capture) {
  if (capture.invalid) return false;
  const bool mine = capture.thread == std::this_thread::get_id() &&
                    capture.mode != CU_STREAM_CAPTURE_MODE_RELAXED;
  switch (thread_mode) {
    case CU_STREAM_CAPTURE_MODE_GLOBAL:
      return mine || capture.mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    case CU_STREAM_CAPTURE_MODE_THREAD_LOCAL:
      return mine;
    default:
      return false;
  }
}

void Include(std::vector<Node*>* set, const std::vector<Node*>& more) {
  for (Node* node : more) {
    if (std::find(set->begin(), set->end(), node) == set->end()) {
      set->push_back(node);
    }
  }
}

// The frontiers of all streams must lie behind the one of the origin.
bool Joined(const Capture& capture) {
  std::set<const Node*> reached;
  std::vector<Node*> open = capture.origin->frontier;
  while (!open.empty()) {
    Node* const node = open.back();
    open.pop_back();
    if (!reached.insert(node).second) continue;
    open.insert(open.end(), node->dependencies.begin(),
                node->dependencies.end());
  }
  for (const StreamPtr& stream : capture.streams) {
    for (const Node* node : stream->frontier) {
      if (!reached.contains(node)) return false;
    }
  }
  return true;
}

void Close(const std::shared_ptr<Capture>& capture) {
  for (const StreamPtr& stream : capture->streams) {
    stream->capture = nullptr;
    stream->frontier.clear();
  }
  std::erase(Captures(), capture);
}

std::vector<Node*> Nodes(const CUgraphNode* handles, size_t count) {
  std::vector<Node*> nodes;
  for (size_t i = 0; i < count; ++i) {
    nodes.push_back(reinterpret_cast<Node*>(handles[i]));
  }
  return nodes;
}

void LogCaptured(const StreamPtr& stream, const Work& work) {
  if (!LaunchLogWanted()) return;
  LogLaunch("capture " + Describe(work) +
            " stream=" + std::to_string(stream->id));
}

}  // namespace

int BeginCapture(CUstream handle, CUstreamCaptureMode mode,
                 CUgraph graph_handle, const CUgraphNode* dependencies,
                 size_t count) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  if (stream->legacy()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream->capture != nullptr) return CUDA_ERROR_ILLEGAL_STATE;
  static uint64_t next = 1;
  auto capture = std::make_shared<Capture>();
  capture->graph = FindGraph(graph_handle);
  if (graph_handle != nullptr && capture->graph == nullptr) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (graph_handle == nullptr) {
    capture->own_graph = true;
    capture->graph = std::make_shared<Graph>();
    capture->graph->id = NextGraphId();
    AddGraph(capture->graph);
  }
  capture->id = next++;
  capture->origin = stream.get();
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->streams.push_back(stream);
  stream->capture = capture;
  stream->frontier = Nodes(dependencies, count);
  Captures().push_back(std::move(capture));
  LogLaunch("begin-capture id=" + std::to_string(stream->capture->id) +
            " stream=" + std::to_string(stream->id));
  return CUDA_SUCCESS;
}

int EndCapture(CUstream handle, CUgraph* graph) {
  Lock lock = Scheduler::Get().Acquire();
  *graph = nullptr;
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture == nullptr) return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != stream.get()) {
    Invalidate(capture.get());
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  }
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != std::this_thread::get_id()) {
    return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  }
  const bool joined = Joined(*capture);
  Close(capture);
  LogLaunch("end-capture id=" + std::to_string(capture->id) +
            " nodes=" + std::to_string(capture->graph->nodes.size()) +
            " stream=" + std::to_string(stream->id));
  const auto result = reinterpret_cast<CUgraph>(capture->graph.get());
  if (!capture->invalid && joined) {
    *graph = result;
    return CUDA_SUCCESS;
  }
  if (capture->own_graph) RemoveGraph(result);
  return capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
                          : CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
}

int GetCaptureInfo(CUstream handle, CaptureInfo* info) {
  Lock lock = Scheduler::Get().Acquire();
  *info = {};
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  if (stream->legacy()) return CheckImplicit(stream);
  if (stream->capture == nullptr) return CUDA_SUCCESS;
  const Capture& capture = *stream->capture;
  info->id = capture.id;
  info->status = capture.invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                 : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  info->graph = reinterpret_cast<CUgraph>(capture.graph.get());
  info->dependencies =
      reinterpret_cast<const CUgraphNode*>(stream->frontier.data());
  info->count = stream->frontier.size();
  return CUDA_SUCCESS;
}

int UpdateCaptureDependencies(CUstream handle, CUgraphNode* dependencies,
                              size_t count, unsigned flags) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  if (stream->capture == nullptr) return CUDA_ERROR_ILLEGAL_STATE;
  if (flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES) stream->frontier.clear();
  Include(&stream->frontier, Nodes(dependencies, count));
  return CUDA_SUCCESS;
}

CUstreamCaptureMode ExchangeCaptureMode(CUstreamCaptureMode mode) {
  return std::exchange(thread_mode, mode);
}

int CheckUnsafeCall() {
  Lock lock = Scheduler::Get().Acquire();
  return CheckUnsafeCall(lock);
}

int CheckUnsafeCall(Lock&) {
  int status = CUDA_SUCCESS;
  for (const auto& capture : Captures()) {
    if (!Forbids(*capture)) continue;
    Invalidate(capture.get());
    status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return status;
}

int CaptureWork(const StreamPtr& stream, const Work& work) {
  Capture& capture = *stream->capture;
  if (capture.invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  auto node = std::make_unique<Node>();
  node->graph = capture.graph.get();
  node->work = work;
  node->dependencies = stream->frontier;
  stream->frontier = {node.get()};
  capture.graph->nodes.push_back(std::move(node));
  LogCaptured(stream, work);
  return CUDA_SUCCESS;
}

void CaptureRecord(const StreamPtr& stream, Event* event) {
  event->captured = true;
  event->capture = stream->capture;
  event->frontier = stream->frontier;
}

int CaptureWait(const StreamPtr& stream, const Event& event) {
  Capture* const joined = stream->capture.get();
  if (joined != nullptr && joined->invalid) {
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  }
  if (!event.captured) {
    if (event.op == nullptr) return CUDA_SUCCESS;
    Invalidate(joined);
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  const std::shared_ptr<Capture> capture = event.capture.lock();
  if (capture == nullptr) return CUDA_ERROR_CAPTURED_EVENT;
  if (joined != nullptr && joined != capture.get()) {
    Invalidate(joined);
    Invalidate(capture.get());
    return CUDA_ERROR_STREAM_CAPTURE_MERGE;
  }
  if (capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (stream->legacy()) {
    Invalidate(capture.get());
    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  if (joined == nullptr) {
    stream->capture = capture;
    capture->streams.push_back(stream);
  }
  Include(&stream->frontier, event.frontier);
  return CUDA_SUCCESS;
}

int CheckImplicit(const StreamPtr& legacy) {
  int status = CUDA_SUCCESS;
  for (const StreamPtr& stream : legacy->context->streams) {
    if (stream->capture == nullptr || !stream->blocking()) continue;
    Invalidate(stream->capture.get());
    status = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  return status;
}

int CheckContextWait(const Context* context) {
  int status = CUDA_SUCCESS;
  for (const StreamPtr& stream : context->streams) {
    if (stream->capture == nullptr) continue;
    Invalidate(stream->capture.get());
    status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return status;
}

void Invalidate(Capture* capture) { capture->invalid = true; }

}  // namespace standin
