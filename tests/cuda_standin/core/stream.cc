#include "tests/cuda_standin/core/stream.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/log.h"

namespace standin {
namespace {

std::unordered_map<CUstream, StreamPtr>& Streams() {
  static auto* const streams = new std::unordered_map<CUstream, StreamPtr>;
  return *streams;
}

std::vector<Context*>& UsedContexts() {
  static auto* const contexts = new std::vector<Context*>;
  return *contexts;
}

uint64_t ThreadNumber() {
  static std::atomic<uint64_t> next{1};
  static thread_local const uint64_t number = next++;
  return number;
}

bool Idle(const Stream& stream) {
  return stream.tail == nullptr || stream.tail->done;
}

StreamPtr MakeStream(Context* context, unsigned flags, int priority) {
  static uint64_t next = 1;
  auto stream = std::make_shared<Stream>();
  stream->context = context;
  stream->id = next++;
  stream->flags = flags;
  stream->priority = priority;
  std::erase_if(context->streams, [](const StreamPtr& other) {
    return other->destroyed && Idle(*other);
  });
  context->streams.push_back(stream);
  auto& used = UsedContexts();
  if (std::find(used.begin(), used.end(), context) == used.end()) {
    used.push_back(context);
  }
  Scheduler::Get().StartWorker(
      stream->id, [stream] { return stream->destroyed && Idle(*stream); });
  return stream;
}

std::vector<Op> Tails(const Context& context) {
  std::vector<Op> tails;
  for (const StreamPtr& stream : context.streams) {
    tails.push_back(stream->tail);
  }
  return tails;
}

// What a new operation of a stream waits for.
std::vector<Op> Before(const Stream& stream) {
  std::vector<Op> before = {stream.tail};
  if (stream.legacy()) {
    for (const StreamPtr& other : stream.context->streams) {
      if (other->blocking()) before.push_back(other->tail);
    }
  } else if (stream.blocking() && stream.context->legacy != nullptr) {
    before.push_back(stream.context->legacy->tail);
  }
  return before;
}

void LogRun(const Stream& stream, const Work& work) {
  if (!LaunchLogWanted()) return;
  LogLaunch("run " + Describe(work) + " stream=" + std::to_string(stream.id));
}

int SubmitTo(Lock& lock, const StreamPtr& stream, const Work& work) {
  if (stream->capture != nullptr) return CaptureWork(stream, work);
  if (stream->legacy()) {
    const int status = CheckImplicit(stream);
    if (status != CUDA_SUCCESS) return status;
  }
  LogRun(*stream, work);
  Append(stream, work, {});
  Scheduler::Get().Pump(lock);
  return CUDA_SUCCESS;
}

// Whether a thread may wait for a stream.
int CheckStreamWait(Lock& lock, const StreamPtr& stream) {
  if (stream->capture != nullptr) {
    Invalidate(stream->capture.get());
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  if (stream->legacy()) {
    const int status = CheckImplicit(stream);
    if (status != CUDA_SUCCESS) return status;
  }
  return CheckUnsafeCall(lock);
}

}  // namespace

int FindStream(Lock&, CUstream handle, StreamPtr* stream) {
  Context* const context = CurrentContext();
  const bool per_thread = handle == CU_STREAM_PER_THREAD;
  if (handle != nullptr && handle != CU_STREAM_LEGACY && !per_thread) {
    const auto found = Streams().find(handle);
    if (found == Streams().end()) return CUDA_ERROR_INVALID_HANDLE;
    *stream = found->second;
    return CUDA_SUCCESS;
  }
  if (context == nullptr) return CUDA_ERROR_INVALID_CONTEXT;
  StreamPtr& slot =
      per_thread ? context->per_thread[ThreadNumber()] : context->legacy;
  if (slot == nullptr) slot = MakeStream(context, 0, 0);
  *stream = slot;
  return CUDA_SUCCESS;
}

Op Append(const StreamPtr& stream, const Work& work,
          const std::vector<Op>& more) {
  std::vector<Op> after = Before(*stream);
  after.insert(after.end(), more.begin(), more.end());
  std::sort(after.begin(), after.end());
  after.erase(std::unique(after.begin(), after.end()), after.end());
  auto op = std::make_shared<Operation>();
  op->body = work.body;
  op->where = {stream->context->device, stream->id, false, 0};
  op->kernel = work.kernel != nullptr;
  if (work.programmatic() && stream->tail != nullptr && stream->tail->kernel) {
    op->primary = stream->tail;
  }
  Scheduler::Get().Add(op, after);
  stream->tail = op;
  return op;
}

int Submit(CUstream handle, const Work& work) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  return status == CUDA_SUCCESS ? SubmitTo(lock, stream, work) : status;
}

int SubmitAndWait(CUstream handle, const Work& work) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  int status = FindStream(lock, handle, &stream);
  if (status == CUDA_SUCCESS) status = CheckStreamWait(lock, stream);
  if (status != CUDA_SUCCESS) return status;
  LogRun(*stream, work);
  Scheduler::Get().Wait(lock, Append(stream, work, {}));
  return CUDA_SUCCESS;
}

int CheckLaunchStream(CUstream handle) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  return stream->context == CurrentContext() ? CUDA_SUCCESS
                                             : CUDA_ERROR_INVALID_HANDLE;
}

int CreateStream(unsigned flags, int priority, CUstream* out) {
  if (flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  Lock lock = Scheduler::Get().Acquire();
  const StreamPtr stream =
      MakeStream(CurrentContext(), flags, std::clamp(priority, -5, 0));
  *out = reinterpret_cast<CUstream>(stream.get());
  Streams()[*out] = stream;
  return CUDA_SUCCESS;
}

int DestroyStream(CUstream handle) {
  Lock lock = Scheduler::Get().Acquire();
  const auto found = Streams().find(handle);
  if (found == Streams().end()) return CUDA_ERROR_INVALID_HANDLE;
  const StreamPtr stream = found->second;
  if (stream->capture != nullptr) Invalidate(stream->capture.get());
  stream->destroyed = true;
  Streams().erase(found);
  Scheduler::Get().Notify();
  return CUDA_SUCCESS;
}

int SynchronizeStream(CUstream handle) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  int status = FindStream(lock, handle, &stream);
  if (status == CUDA_SUCCESS) status = CheckStreamWait(lock, stream);
  if (status != CUDA_SUCCESS) return status;
  const auto ops =
      stream->legacy() ? Before(*stream) : std::vector{stream->tail};
  for (const Op& op : ops) Scheduler::Get().Wait(lock, op);
  return CUDA_SUCCESS;
}

int QueryStream(CUstream handle) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  int status = FindStream(lock, handle, &stream);
  if (status == CUDA_SUCCESS) status = CheckStreamWait(lock, stream);
  if (status != CUDA_SUCCESS) return status;
  if (!Idle(*stream)) Scheduler::Get().Progress(lock);
  return Idle(*stream) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

int SynchronizeContext() {
  Lock lock = Scheduler::Get().Acquire();
  Context* const context = CurrentContext();
  int status = CheckContextWait(context);
  if (status == CUDA_SUCCESS) status = CheckUnsafeCall(lock);
  if (status != CUDA_SUCCESS) return status;
  for (const Op& op : Tails(*context)) Scheduler::Get().Wait(lock, op);
  return CUDA_SUCCESS;
}

void Drain() {
  Lock lock = Scheduler::Get().Acquire();
  for (size_t i = 0; i < UsedContexts().size(); ++i) {
    for (const Op& op : Tails(*UsedContexts()[i])) {
      Scheduler::Get().Wait(lock, op);
    }
  }
}

int DescribeStream(CUstream handle, StreamProperties* out) {
  Lock lock = Scheduler::Get().Acquire();
  StreamPtr stream;
  const int status = FindStream(lock, handle, &stream);
  if (status != CUDA_SUCCESS) return status;
  *out = {stream->flags, stream->priority, stream->id, stream->context};
  return CUDA_SUCCESS;
}

}  // namespace standin
