#include "tests/cuda_standin/core/scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "tests/cuda_standin/core/environment.h"

namespace standin {
namespace {

thread_local Operation* current = nullptr;

}  // namespace

Scheduler& Scheduler::Get() {
  // Never destroyed: workers and exit handlers of others use it to the end.
  static auto* const scheduler = new Scheduler;
  return *scheduler;
}

Scheduler::Scheduler()
    : random_(NumberFromEnvironment("STANDIN_SEED", 0)),
      threads_(NumberFromEnvironment("STANDIN_THREADS", 0) != 0) {}

void Scheduler::Seed(uint64_t seed) {
  Lock lock = Acquire();
  random_.seed(seed);
}

size_t Scheduler::Random(size_t below) { return random_() % below; }

void Scheduler::Add(const Op& op, const std::vector<Op>& after) {
  for (const Op& before : after) {
    if (before == nullptr || before->done) continue;
    before->successors.push_back(op);
    ++op->waits;
  }
  if (op->primary != nullptr && !op->primary->done) {
    op->primary->secondary = op;
  } else {
    op->primary = nullptr;
  }
  if (op->waits > 0) return;
  ready_.push_back(op);
  changed_.notify_all();
}

// One of the ready operations; or, now and then, a kernel that may start
// before one of them has run.
Op Scheduler::Choose(std::vector<Op> candidates) {
  const Op op = candidates[Random(candidates.size())];
  const Op early = op->secondary.lock();
  if (early != nullptr && !early->started && early->waits == 1 &&
      Random(2) == 0) {
    return early;
  }
  return op;
}

void Scheduler::Run(Lock& lock, const Op& op) {
  op->started = true;
  std::erase(ready_, op);
  ++running_;
  lock.unlock();
  Operation* const outer = std::exchange(current, op.get());
  if (op->body) op->body();
  current = outer;
  lock.lock();
  --running_;
  op->ran = true;
  if (op->waits == 0) Finish(op);
  changed_.notify_all();
}

void Scheduler::Finish(const Op& op) {
  op->done = true;
  op->body = nullptr;
  op->primary = nullptr;
  for (const Op& next : std::exchange(op->successors, {})) {
    if (--next->waits > 0) continue;
    if (next->ran) {
      Finish(next);
    } else if (!next->started) {
      ready_.push_back(next);
    }
  }
}

void Scheduler::Pump(Lock& lock) {
  if (threads_) return;
  for (size_t n = Random(2) == 0 ? 0 : Random(4); n > 0; --n) {
    if (ready_.empty()) return;
    Run(lock, Choose(ready_));
  }
}

void Scheduler::Progress(Lock& lock) {
  if (!threads_ && !ready_.empty()) Run(lock, Choose(ready_));
  Pump(lock);
}

void Scheduler::Wait(Lock& lock, const Op& op) {
  while (op != nullptr && !op->done) {
    if (!threads_ && !ready_.empty()) {
      Run(lock, Choose(ready_));
    } else if (threads_ || running_ > 0) {
      changed_.wait(lock);
    } else {
      std::fputs("standin: queued work waits for itself\n", stderr);
      std::abort();
    }
  }
}

void Scheduler::WaitForPrimary() {
  Lock lock = Acquire();
  const Op primary = current == nullptr ? nullptr : current->primary;
  if (primary == nullptr) return;
  if (!primary->started) Run(lock, primary);
  changed_.wait(lock, [&] { return primary->done; });
}

void Scheduler::StartWorker(uint64_t stream, std::function<bool()> ended) {
  if (!threads_) return;
  std::thread([this, stream, ended = std::move(ended)] {
    Work(stream, ended);
  }).detach();
}

void Scheduler::Work(uint64_t stream, const std::function<bool()>& ended) {
  Lock lock = Acquire();
  while (!ended()) {
    std::vector<Op> mine;
    std::copy_if(ready_.begin(), ready_.end(), std::back_inserter(mine),
                 [&](const Op& op) { return op->where.stream == stream; });
    if (mine.empty()) {
      changed_.wait(lock);
    } else {
      Run(lock, Choose(std::move(mine)));
    }
  }
}

void GridDependencyWait() { Scheduler::Get().WaitForPrimary(); }

Execution CurrentExecution() {
  return current == nullptr ? Execution{} : current->where;
}

void Seed(uint64_t seed) { Scheduler::Get().Seed(seed); }

}  // namespace standin
