// Streams and events, and how work gets into streams.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_STREAM_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_STREAM_H_

#include <cuda.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/cuda_standin/core/context.h"
#include "tests/cuda_standin/core/work.h"

namespace standin {

struct Capture;
struct Node;

// Guarded by the scheduler's mutex, as all structs here.
struct Stream {
  Context* context = nullptr;
  uint64_t id = 0;
  unsigned flags = 0;  // CU_STREAM_NON_BLOCKING
  int priority = 0;
  bool destroyed = false;
  Op tail;  // the last operation; null: none yet
  std::shared_ptr<Capture> capture;
  std::vector<Node*> frontier;  // what a captured call would wait for

  bool legacy() const { return context->legacy.get() == this; }
  bool blocking() const { return (flags & CU_STREAM_NON_BLOCKING) == 0; }
};

// When an event's operation ran.
struct Moment {
  std::chrono::steady_clock::time_point time;
};

struct Event {
  Context* context = nullptr;
  unsigned flags = 0;
  Op op;  // the last record; null: none yet
  std::shared_ptr<Moment> moment;
  std::weak_ptr<Capture> capture;  // if `captured`
  bool captured = false;           // last recorded in a capturing stream
  std::vector<Node*> frontier;
};

// Codes are those of CUresult.

// The stream of a handle for the current context of the thread; null and the
// two default streams have names that depend on it.
int FindStream(Lock& lock, CUstream handle, StreamPtr* stream);

// Appends an operation that waits for the stream's earlier ones, as the rules
// of default streams say, and for `more`.
Op Append(const StreamPtr& stream, const Work& work,
          const std::vector<Op>& more);

// Queues work, or adds it to the graph that the stream captures.
STANDIN_EXPORT int Submit(CUstream handle, const Work& work);
// And waits for it; refused where a capture forbids waiting.
STANDIN_EXPORT int SubmitAndWait(CUstream handle, const Work& work);
// Kernels must lie in the stream's own context.
STANDIN_EXPORT int CheckLaunchStream(CUstream handle);

STANDIN_EXPORT int CreateStream(unsigned flags, int priority, CUstream* out);
STANDIN_EXPORT int DestroyStream(CUstream handle);
STANDIN_EXPORT int SynchronizeStream(CUstream handle);
STANDIN_EXPORT int QueryStream(CUstream handle);
// All streams of the current context; refused while one of them captures.
STANDIN_EXPORT int SynchronizeContext();
// All streams of all contexts, whatever is captured.
STANDIN_EXPORT void Drain();

struct StreamProperties {
  unsigned flags;
  int priority;
  uint64_t id;
  Context* context;
};
STANDIN_EXPORT int DescribeStream(CUstream handle, StreamProperties* out);

STANDIN_EXPORT int CreateEvent(unsigned flags, CUevent* out);
STANDIN_EXPORT int DestroyEvent(CUevent handle);
STANDIN_EXPORT int RecordEvent(CUevent handle, CUstream stream);
STANDIN_EXPORT int WaitEvent(CUstream stream, CUevent handle);
STANDIN_EXPORT int SynchronizeEvent(CUevent handle);
STANDIN_EXPORT int QueryEvent(CUevent handle);
// At least 1 ms: who measures divides by it.
STANDIN_EXPORT int ElapsedTime(CUevent start, CUevent end, float* ms);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_STREAM_H_
