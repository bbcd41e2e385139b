#include "plugin/cuda/cuda_recorder.h"

#include <algorithm>
#include <cstdio>

#include "plugin/cuda/cuda_capture.h"
#include "plugin/keep_errno.h"
#include "plugin/recorder.h"
#include "plugin/records.h"

namespace moetap {
namespace {

// What one router launch is captured with.
struct Target {
  Device* device = nullptr;
  int layer = -1;  // slot
  int group = -1;  // of the graph under capture
};

LaunchStep CurrentStep(const Process& process) {
  const uint64_t rows = process.step_rows.load(std::memory_order_relaxed);
  return {.step = process.step.load(std::memory_order_relaxed),
          .real_rows = rows == 0 || rows >= kAllRows
                           ? kAllRows
                           : static_cast<uint32_t>(rows)};
}

void CountDispatch(Process* process, uint32_t n = 1) {
  process->ring.header()->dispatches.fetch_add(n, std::memory_order_relaxed);
}

void Unreadable(Process* process, const RouterLaunch& launch, const char* why) {
  CountDispatch(process);
  CountUnreadable(process, launch.row->base_name, why);
}

// A layer is known by its ordinal, as if that were the address of its weights:
// no weights lie at such an address.  Without a shim nothing tells where a step
// begins, and all launches are of one unknown layer.
const void* LayerKey(uint32_t ordinal) {
  return reinterpret_cast<const void*>(uintptr_t{ordinal} + 1);
}

// What is under way in the stream: false if that cannot be told.
bool CaptureUnderWay(const Driver& driver, CudaStream stream, uint64_t* id,
                     CudaGraph* graph) {
  *graph = nullptr;
  if (stream == kLegacyStream) return true;  // never captured
  int status = 0;
  if (driver.stream_get_capture_info(stream, &status, id, graph, nullptr,
                                     nullptr) != 0) {
    return false;
  }
  if (status != kCaptureActive) *graph = nullptr;
  return true;
}

// Null, or why the launch is not captured.
const char* FindLayer(Process* process, CudaCapture* cuda,
                      const RouterLaunch& launch, const LaunchStep& step,
                      Target* target) {
  if (step.step == 0) {
    if (process->stepped.load(std::memory_order_relaxed)) {
      return "launched outside of any announced forward pass";
    }
    target->layer =
        LayerSlot(process, LayerKey(0), launch.experts, launch.row->base);
    return nullptr;
  }
  const uint32_t ordinal = cuda->launches().Next(step.step);
  const size_t announced = GetAnnounced().layers().size();
  if (announced > 0 && ordinal >= announced) {
    return "launched more often in a forward pass than it has MoE layers";
  }
  target->layer =
      LayerSlot(process, LayerKey(ordinal), launch.experts, launch.row->base);
  return nullptr;
}

const char* FindGroup(Process* process, CudaCapture* cuda,
                      const RouterLaunch& launch, Target* target) {
  uint64_t id = 0;
  CudaGraph graph = nullptr;
  if (!CaptureUnderWay(*cuda->driver(), launch.stream, &id, &graph)) {
    return "launched in a stream whose state the driver does not tell";
  }
  if (graph == nullptr) return nullptr;
  ProcessLock lock(process);
  target->group = cuda->graphs().Capturing(graph, id, target->device);
  return target->group < 0 ? "captured into more graphs than can be followed"
                           : nullptr;
}

void SayFailed(Process* process, const RouterLaunch& launch, int error) {
  char why[96];
  snprintf(why, sizeof(why), "the capture kernel failed with CUDA error %d",
           error);
  CountUnreadable(process, launch.row->base_name, why);
}

void Capture(Process* process, CudaCapture* cuda, const RouterLaunch& launch) {
  const LaunchStep step = CurrentStep(*process);
  Target target;
  target.device = cuda->CurrentDevice(process);
  const char* why = target.device == nullptr ? "launched where nothing is "
                                               "captured"
                                             : nullptr;
  // Counts its layer even if it is lost, so that the next one is right.
  const char* no_layer = FindLayer(process, cuda, launch, step, &target);
  if (why == nullptr) why = no_layer;
  if (why == nullptr) why = FindGroup(process, cuda, launch, &target);
  if (why == nullptr && target.group < 0 && step.real_rows != kAllRows &&
      launch.rows < step.real_rows) {
    why = "launched with fewer rows than the batch has";
  }
  if (why != nullptr) return Unreadable(process, launch, why);
  if (target.group < 0) CountDispatch(process);
  if (target.layer < 0) {  // no room to describe the layer
    process->ring.CountDrop(step.step, launch.rows, 0);
    return;
  }
  const int error = target.device->Capture(
      launch, static_cast<uint16_t>(target.layer), step, target.group);
  if (error != 0) return SayFailed(process, launch, error);
  if (target.group >= 0) {
    cuda->graphs()
        .group(target.group)
        .routers.fetch_add(1, std::memory_order_relaxed);
  }
}

// True if the ids of this launch are told by another one, or by a shim that
// asks the routers that no hook sees.
bool Told(const Process& process, CudaCapture* cuda,
          const RouterLaunch& launch) {
  if (launch.row->role == KernelRole::kRouter) {
    cuda->routers_seen.store(true, std::memory_order_relaxed);
    return false;
  }
  return launch.row->role == KernelRole::kFollower ||
         process.stepped.load(std::memory_order_relaxed) ||
         cuda->routers_seen.load(std::memory_order_relaxed);
}

// The graph's word must never say the step of an earlier launch: if it cannot
// be written, nothing of the device is believed any more.
void SetStep(Process* process, CapturedGraphs::Group& group, int number,
             const LaunchStep& step, CudaStream stream) {
  const int error = group.device->SetStep(number, step, stream);
  if (error == 0) return;
  group.device->ring().Mute();
  char text[160];
  snprintf(text, sizeof(text),
           "the step of a graph launch could not be set (CUDA error %d): later "
           "rows of this GPU are counted as lost",
           error);
  WriteStatus(process, "cuda-step", text);
}

// Null before the first router launch: no graph can hold one.
CudaCapture* IfCapturing(Process* process) {
  return process == nullptr ? nullptr : CudaCapture::IfAny(process);
}

}  // namespace

void CudaRecorder::OnRouterLaunch(const RouterLaunch& launch) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  CudaCapture* cuda = process == nullptr ? nullptr : CudaCapture::Of(process);
  if (cuda == nullptr || Told(*process, cuda, launch) || launch.rows == 0)
    return;
  Capture(process, cuda, launch);
  if (launch.timing.calls > 0) {
    process->host_time.AddCall(launch.timing, Ticks());
  }
}

// Not every kernel that reads ids says how many a row has; where one was needed
// its layer is missing at the end of the step.
void CudaRecorder::OnUnreadableLaunch(const KernelRow& row, const char* why) {
  if (row.role != KernelRole::kRouter) return;
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  Unreadable(process, {.row = &row}, why);
}

void CudaRecorder::OnUnknownKernel(const KernelRow& row, const char* mangled,
                                   const char* why) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  char text[1024];
  snprintf(text, sizeof(text),
           "%s has %s, so its ids are not read: %.700s; use an engine version "
           "listed in docs/engines.md",
           row.base_name, why, mangled);
  WriteStatus(process, "unknown-kernel", text);
}

void CudaRecorder::OnGraphInstantiated(CudaGraph graph, CudaGraphExec exec) {
  Process* process = StartedProcess();
  CudaCapture* cuda = IfCapturing(process);
  if (cuda == nullptr) return;
  const KeepErrno keep;
  ProcessLock lock(process);
  cuda->graphs().Instantiated(graph, exec);
}

void CudaRecorder::OnGraphExecUpdated(CudaGraphExec exec, CudaGraph graph) {
  OnGraphInstantiated(graph, exec);
}

void CudaRecorder::OnGraphCloned(CudaGraph clone, CudaGraph original) {
  Process* process = StartedProcess();
  CudaCapture* cuda = IfCapturing(process);
  if (cuda == nullptr) return;
  const KeepErrno keep;
  ProcessLock lock(process);
  cuda->graphs().Cloned(clone, original);
}

void CudaRecorder::BeforeGraphLaunch(CudaGraphExec exec, CudaStream stream) {
  Process* process = StartedProcess();
  CudaCapture* cuda = IfCapturing(process);
  if (cuda == nullptr) return;
  const int number = cuda->graphs().FindExec(exec);
  if (number < 0) return;
  CallTiming timing;
  TimeThisCall(&timing);
  const KeepErrno keep;
  CapturedGraphs::Group& group = cuda->graphs().group(number);
  uint64_t id = 0;
  CudaGraph under_capture = nullptr;
  if (!CaptureUnderWay(*cuda->driver(), stream, &id, &under_capture) ||
      under_capture != nullptr) {
    // The launch of the outer graph would not say the step.
    WriteStatus(process, "nested-graph",
                "a graph that holds routers was launched into the capture of "
                "another graph; rows of such launches belong to no step");
    SetStep(process, group, number, {}, stream);
  } else {
    CountDispatch(process, group.routers.load(std::memory_order_relaxed));
    SetStep(process, group, number, CurrentStep(*process), stream);
  }
  process->host_time.AddCall(timing, Ticks());
}

void CudaRecorder::BeforeGraphDestroy(CudaGraph graph) {
  Process* process = StartedProcess();
  CudaCapture* cuda = IfCapturing(process);
  if (cuda == nullptr || cuda->graphs().FindGraph(graph) < 0) return;
  const KeepErrno keep;
  ProcessLock lock(process);
  cuda->graphs().Destroyed(graph);
}

void CudaRecorder::BeforeGraphExecDestroy(CudaGraphExec exec) {
  Process* process = StartedProcess();
  CudaCapture* cuda = IfCapturing(process);
  if (cuda == nullptr || cuda->graphs().FindExec(exec) < 0) return;
  const KeepErrno keep;
  ProcessLock lock(process);
  cuda->graphs().Destroyed(exec);
}

}  // namespace moetap
