// Decides what queued work runs next.  Operations form a graph by what they
// wait for; any order that it allows may happen, drawn from a seeded generator.
//
// Work runs inside the calls of the API, on the calling thread: some when
// operations are added, and as much as it takes when a thread waits.  With
// STANDIN_THREADS=1 each stream has a worker thread instead.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_SCHEDULER_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_SCHEDULER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "tests/cuda_standin/runtime.h"

namespace standin {

struct Operation;
using Op = std::shared_ptr<Operation>;

// One piece of queued work.  Guarded by the scheduler's mutex, but for `body`
// and `where` while it runs.
struct Operation {
  std::function<void()> body;  // may be empty
  Execution where;
  bool kernel = false;
  // A kernel that may start while `primary` before it has not finished.
  Op primary;
  std::weak_ptr<Operation> secondary;

  int waits = 0;  // for so many unfinished operations
  std::vector<Op> successors;
  bool started = false;
  bool ran = false;
  bool done = false;
};

// The mutex of everything in the stand-in; functions that take it as argument
// are called with it held.
using Lock = std::unique_lock<std::mutex>;

class STANDIN_EXPORT Scheduler {
 public:
  static Scheduler& Get();

  Lock Acquire() { return Lock(mutex_); }
  void Seed(uint64_t seed);

  // Queues an operation behind others; null or finished ones do not matter.
  void Add(const Op& op, const std::vector<Op>& after);
  // Runs a few operations, or none.  Call after adding.
  void Pump(Lock& lock);
  // Runs at least one operation if any can run.
  void Progress(Lock& lock);
  void Wait(Lock& lock, const Op& op);
  // In a kernel: until its primary has finished.
  void WaitForPrimary();

  // A worker thread for a stream, until `ended` holds; nothing if there are
  // none.  `ended` is called with the mutex held.
  void StartWorker(uint64_t stream, std::function<bool()> ended);
  // Lets workers look whether they have ended.
  void Notify() { changed_.notify_all(); }

 private:
  Scheduler();
  void Work(uint64_t stream, const std::function<bool()>& ended);
  Op Choose(std::vector<Op> candidates);
  void Run(Lock& lock, const Op& op);
  void Finish(const Op& op);
  size_t Random(size_t below);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  std::vector<Op> ready_;
  int running_ = 0;
  const bool threads_;
};

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_SCHEDULER_H_
