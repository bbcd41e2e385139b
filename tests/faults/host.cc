// A host under faults: threads dispatch known ids through an engine, and what
// they dispatched stands in a file that outlives the process.  Prints what the
// engine was given.
#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "plugin/moetap.h"
#include "tests/faults/dispatcher.h"
#include "tests/faults/host_options.h"
#include "tests/faults/host_scenes.h"

namespace moetap {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> g_stop = false;

class Host {
 public:
  explicit Host(const HostOptions& options)
      : options_(options), state_(MapState(options.state.c_str())) {
    state_->max_rows = options.rows;
    begin_ = reinterpret_cast<decltype(begin_)>(
        dlsym(RTLD_DEFAULT, "moetap_step_begin"));
    end_ = reinterpret_cast<decltype(end_)>(
        dlsym(RTLD_DEFAULT, "moetap_step_end"));
  }

  FaultState* state() { return state_; }

  // Threads that dispatch, while the calling one does the scene.
  void Run() {
    std::vector<std::unique_ptr<Dispatcher>> dispatchers;
    const uint64_t writers = std::max<uint64_t>(options_.threads, 1);
    for (uint32_t t = 0; t < writers; ++t) {
      dispatchers.push_back(std::make_unique<Dispatcher>(state_, t));
    }
    LimitFiles(options_.fsize);
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < options_.threads; ++t) {
      threads.emplace_back([&, t] { DispatchAll(dispatchers[t].get(), t); });
    }
    if (options_.threads == 0) DispatchAll(dispatchers[0].get(), 0);
    Scene();
    g_stop = options_.dispatches == 0 && HasScene();
    for (std::thread& thread : threads) thread.join();
    usleep(static_cast<useconds_t>(options_.settle_ms * 1000));
  }

 private:
  bool HasScene() const {
    return options_.forks + options_.signals + options_.cancel + options_.die >
           0;
  }

  void Scene() {
    while (HasScene() && state_->ready < options_.threads) usleep(100);
    ForkChildren(options_, state_);
    SendSignals(options_, state_);
    CancelThreads(options_, state_);
    KillThreads(options_, state_);
  }

  void DispatchAll(Dispatcher* dispatcher, uint32_t thread) {
    std::vector<uint64_t> nanoseconds;
    const uint64_t n = options_.dispatches;
    if (thread == 0) nanoseconds.reserve(std::min<uint64_t>(n, 1 << 22));
    for (uint64_t i = 0; (n == 0 || i < n) && !g_stop; ++i) {
      if (n > 1 && i == n / 2) HalfTime(thread);
      const auto before = Clock::now();
      DispatchOne(dispatcher, i + 1);
      const auto took = Clock::now() - before;
      if (nanoseconds.size() < nanoseconds.capacity()) {
        nanoseconds.push_back(static_cast<uint64_t>(took.count()));
      }
      if (i == 0) ++state_->ready;
      if (options_.pause_us > 0) {
        usleep(static_cast<useconds_t>(options_.pause_us));
      }
    }
    if (!nanoseconds.empty()) Summarise(&nanoseconds);
  }

  void DispatchOne(Dispatcher* dispatcher, uint64_t step) {
    const bool stepped = options_.steps != 0 && begin_ != nullptr;
    const moetap_span span = {1, 0, static_cast<uint32_t>(options_.rows), 0};
    if (stepped) begin_(step, MOETAP_STEP_DUMMY, &span, 1);
    dispatcher->Dispatch();
    if (stepped) end_(step);
  }

  // The cause of the trouble goes away.
  void HalfTime(uint32_t thread) {
    if (thread != 0) return;
    usleep(static_cast<useconds_t>(options_.settle_ms * 1000));
    if (!options_.unlink.empty()) unlink(options_.unlink.c_str());
    LimitFiles(options_.fsize == 0 ? 0 : RLIM_INFINITY);
  }

  static void LimitFiles(rlim_t bytes) {
    rlimit limit;
    if (bytes == 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  void Summarise(std::vector<uint64_t>* ns) {
    std::sort(ns->begin(), ns->end());
    state_->median_ns = (*ns)[ns->size() / 2];
    state_->p999_ns = (*ns)[ns->size() * 999 / 1000];
    state_->max_ns = ns->back();
  }

  HostOptions options_;
  FaultState* state_;
  decltype(&moetap_step_begin) begin_;
  decltype(&moetap_step_end) end_;
};

int Main(int argc, char** argv) {
  const HostOptions options = ReadHostOptions(argc, argv);
  if (!LoadEngine()) return 2;
  Host host(options);
  if (options.child != 0) {
    Dispatcher dispatcher(host.state(), static_cast<uint32_t>(options.child));
    for (int i = 0; i < 3; ++i) dispatcher.Dispatch();
    return 0;
  }
  // A mark for who counts system calls: now it begins.
  kill(0, 0);
  StartSignals(options, host.state());
  if (options.churn > 0) {
    ChurnThreads(options, host.state());
  } else {
    host.Run();
  }
  StopSignals();
  if (options.report != 0) PrintReport();
  printf("the engine was given %lu\n", EngineSum());
  kill(0, 0);
  EndProcess(options, host.state());
  return 7;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
