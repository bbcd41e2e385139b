#include <algorithm>
#include <unordered_map>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/stream.h"

namespace standin {
namespace {

using EventPtr = std::shared_ptr<Event>;

std::unordered_map<CUevent, EventPtr>& Events() {
  static auto* const events = new std::unordered_map<CUevent, EventPtr>;
  return *events;
}

int FindEvent(CUevent handle, EventPtr* event) {
  const auto found = Events().find(handle);
  if (found == Events().end()) return CUDA_ERROR_INVALID_HANDLE;
  *event = found->second;
  return CUDA_SUCCESS;
}

// Whether a thread may ask for the state of an event.
int CheckEventWait(Lock& lock, const Event& event) {
  if (!event.captured) return CheckUnsafeCall(lock);
  const auto capture = event.capture.lock();
  if (capture != nullptr) Invalidate(capture.get());
  return CUDA_ERROR_CAPTURED_EVENT;
}

bool Timed(const Event& event) {
  return event.op != nullptr && (event.flags & CU_EVENT_DISABLE_TIMING) == 0;
}

}  // namespace

int CreateEvent(unsigned flags, CUevent* out) {
  Lock lock = Scheduler::Get().Acquire();
  auto event = std::make_shared<Event>();
  event->context = CurrentContext();
  event->flags = flags;
  *out = reinterpret_cast<CUevent>(event.get());
  Events()[*out] = std::move(event);
  return CUDA_SUCCESS;
}

int DestroyEvent(CUevent handle) {
  Lock lock = Scheduler::Get().Acquire();
  return Events().erase(handle) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

int RecordEvent(CUevent handle, CUstream stream_handle) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  EventPtr event;
  int status = FindStream(lock, stream_handle, &stream);
  if (status == CUDA_SUCCESS) status = FindEvent(handle, &event);
  if (status != CUDA_SUCCESS) return status;
  if (event->context != stream->context) return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture != nullptr) {
    if (stream->capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    CaptureRecord(stream, event.get());
    return CUDA_SUCCESS;
  }
  if (stream->legacy()) status = CheckImplicit(stream);
  if (status != CUDA_SUCCESS) return status;
  auto moment = std::make_shared<Moment>();
  Work work;
  work.body = [moment] { moment->time = std::chrono::steady_clock::now(); };
  event->op = Append(stream, work, {});
  event->moment = std::move(moment);
  event->captured = false;
  Scheduler::Get().Pump(lock);
  return CUDA_SUCCESS;
}

int WaitEvent(CUstream stream_handle, CUevent handle) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  EventPtr event;
  int status = FindStream(lock, stream_handle, &stream);
  if (status == CUDA_SUCCESS) status = FindEvent(handle, &event);
  if (status != CUDA_SUCCESS) return status;
  if (event->captured || stream->capture != nullptr) {
    return CaptureWait(stream, *event);
  }
  if (stream->legacy()) status = CheckImplicit(stream);
  if (status != CUDA_SUCCESS) return status;
  if (event->op == nullptr) return CUDA_SUCCESS;
  Append(stream, Work(), {event->op});
  Scheduler::Get().Pump(lock);
  return CUDA_SUCCESS;
}

int SynchronizeEvent(CUevent handle) {
  Lock lock = Scheduler::Get().Acquire();
  EventPtr event;
  int status = FindEvent(handle, &event);
  if (status == CUDA_SUCCESS) status = CheckEventWait(lock, *event);
  if (status == CUDA_SUCCESS) Scheduler::Get().Wait(lock, Op(event->op));
  return status;
}

int QueryEvent(CUevent handle) {
  Lock lock = Scheduler::Get().Acquire();
  EventPtr event;
  int status = FindEvent(handle, &event);
  if (status == CUDA_SUCCESS) status = CheckEventWait(lock, *event);
  if (status != CUDA_SUCCESS) return status;
  const Op op = event->op;
  if (op == nullptr) return CUDA_SUCCESS;
  if (!op->done) Scheduler::Get().Progress(lock);
  return op->done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

int ElapsedTime(CUevent start, CUevent end, float* ms) {
  Lock lock = Scheduler::Get().Acquire();
  EventPtr from;
  EventPtr to;
  int status = FindEvent(start, &from);
  if (status == CUDA_SUCCESS) status = FindEvent(end, &to);
  if (status != CUDA_SUCCESS) return status;
  if (from->captured || to->captured) return CUDA_ERROR_CAPTURED_EVENT;
  if (!Timed(*from) || !Timed(*to)) return CUDA_ERROR_INVALID_HANDLE;
  if (!from->op->done || !to->op->done) return CUDA_ERROR_NOT_READY;
  const std::chrono::duration<float, std::milli> took =
      to->moment->time - from->moment->time;
  *ms = std::max(1.0F, took.count());
  return CUDA_SUCCESS;
}

}  // namespace standin
