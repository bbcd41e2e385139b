// What a hooked dispatch costs the engine's thread: forwarder, reading the
// tensors, and the recorder with a real ring that its writer drains.  Beside
// it: plain copies of the same ids, a queue behind a mutex, and a hooked call
// with nobody listening.  bench/README.md says how to read the figures.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hooks/event_sink.h"
#include "plugin/clock.h"
#include "plugin/process.h"
#include "plugin/recorder.h"
#include "tests/unit/hooks/fake/engine.h"

namespace moetap {
namespace {

constexpr int64_t kTopK = 8;
constexpr int64_t kExperts = 128;

Recorder g_recorder;

int64_t RecordBytes(int64_t rows) {
  return rows * kTopK * int64_t{sizeof(uint16_t)} + 64;
}

// A dispatch of `rows` rows by the fake engine.
class Dispatch {
 public:
  explicit Dispatch(int64_t rows) : ids_(static_cast<size_t>(rows * kTopK)) {
    for (size_t i = 0; i < ids_.size(); ++i) {
      ids_[i] = static_cast<int32_t>(i * 37 % kExperts);
    }
    topk_ids_ = at::Tensor({.sizes = {rows, kTopK},
                            .strides = {kTopK, 1},
                            .dtype = at::Dtype::kInt32,
                            .data = ids_.data()});
    w13_ = at::Tensor(
        {.sizes = {kExperts, 4, 4}, .strides = {16, 4, 1}, .data = &weight_});
  }

  void Call(fake::CpuFusedMoe* as_called = Hooked()) {
    as_called(tensor_, tensor_, w13_, tensor_, none_, none_, tensor_, topk_ids_,
              false, text_, text_);
  }

  // The operator as the engine's own code reaches it.
  static fake::CpuFusedMoe* Hooked() {
    static fake::CpuFusedMoe* const found = Open(EMPTY_ENGINE, 0);
    return found;
  }
  static fake::CpuFusedMoe* Direct() {
    static fake::CpuFusedMoe* const found = Open(DIRECT_ENGINE, RTLD_DEEPBIND);
    return found;
  }

  const std::vector<int32_t>& ids() const { return ids_; }

 private:
  static fake::CpuFusedMoe* Open(const char* engine, int flags) {
    void* library = dlopen(engine, RTLD_NOW | RTLD_LOCAL | flags);
    if (library == nullptr) {
      fprintf(stderr, "%s\n", dlerror());
      exit(1);
    }
    return *static_cast<fake::CpuFusedMoe**>(
        dlsym(library, "operator_as_called"));
  }

  // One layer for all: its key must not change with the benchmark.
  static inline int weight_ = 0;
  std::vector<int32_t> ids_;
  at::Tensor tensor_, topk_ids_, w13_;
  fake::MaybeTensor none_;
  std::string text_ = "silu";
};

// No hook at all: the loader bound the engine to its own operator.
void DirectCall(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  for (auto _ : state) dispatch.Call(Dispatch::Direct());
}

void EmptyCall(benchmark::State& state) {
  SetRoutingSink(nullptr);
  Dispatch dispatch(state.range(0));
  for (auto _ : state) dispatch.Call();
}

// Calls `copy` on places in memory as large as the ring, which does not stay
// in the cache either.
template <typename T, typename Copy>
void CopyOnAndOn(benchmark::State& state, Copy copy) {
  Dispatch dispatch(state.range(0));
  const size_t n = dispatch.ids().size();
  std::vector<T> memory((size_t{16} << 20) / sizeof(T));
  size_t at = 0;
  for (auto _ : state) {
    if (at + n > memory.size()) at = 0;
    copy(dispatch.ids().data(), n, memory.data() + at);
    benchmark::ClobberMemory();
    at += n;
  }
}

void PlainCopy(benchmark::State& state) {
  CopyOnAndOn<uint16_t>(state, [](const int32_t* ids, size_t n, uint16_t* to) {
    for (size_t i = 0; i < n; ++i) to[i] = static_cast<uint16_t>(ids[i]);
  });
}

void Memcpy(benchmark::State& state) {
  CopyOnAndOn<int32_t>(state, [](const int32_t* ids, size_t n, int32_t* to) {
    std::memcpy(to, ids, n * sizeof(*to));
  });
}

// Until the writer has read all and sleeps; the block that it has open it keeps
// for a while.
void WaitUntilDrained(const RingHeader& ring) {
  constexpr uint64_t kOpen = uint64_t{2} << 20;
  const timespec nap = {0, 10'000'000};
  do {
    nanosleep(&nap, nullptr);
  } while (ring.persisted.load() + kOpen < ring.reserved.load());
  nanosleep(&nap, nullptr);
}

// Calls `call`, and outside of the time that counts `drain` whenever half the
// ring may be full, so that no dispatch finds it full.
template <typename Call, typename Drain>
void CallInBatches(benchmark::State& state, Call call, Drain drain) {
  const int64_t batch = (int64_t{8} << 20) / RecordBytes(state.range(0));
  while (state.KeepRunningBatch(batch)) {
    for (int64_t i = 0; i < batch; ++i) call();
    state.PauseTiming();
    drain();
    state.ResumeTiming();
  }
}

// What somebody would write first: a copy of the ids into a queue behind a
// mutex, which a thread empties.
class MutexQueue {
 public:
  ~MutexQueue() {
    Push({});
    consumer_.join();
  }

  void Push(std::vector<int32_t> ids) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(ids));
  }

  void WaitUntilEmpty() {
    const timespec nap = {0, 1'000'000};
    while (!Empty()) nanosleep(&nap, nullptr);
  }

 private:
  bool Empty() {
    const std::lock_guard lock(mutex_);
    return queue_.empty();
  }

  void Consume() {
    const timespec nap = {0, 20'000'000};
    for (bool ended = false; !ended;) {
      nanosleep(&nap, nullptr);
      std::vector<std::vector<int32_t>> taken;
      const std::lock_guard lock(mutex_);
      taken.swap(queue_);
      ended = !taken.empty() && taken.back().empty();
    }
  }

  std::mutex mutex_;
  std::vector<std::vector<int32_t>> queue_;
  std::thread consumer_{[this] { Consume(); }};
};

void MutexQueueCall(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  MutexQueue queue;
  CallInBatches(
      state,
      [&] {
        queue.Push(dispatch.ids());
        dispatch.Call(Dispatch::Direct());
      },
      [&] { queue.WaitUntilEmpty(); });
}

// The ring of the recorder, started; null: it is off.
const RingHeader* StartRecorder(Dispatch* dispatch) {
  SetRoutingSink(&g_recorder);
  dispatch->Call();
  Process* process = StartedProcess();
  if (process == nullptr) return nullptr;
  WaitUntilDrained(*process->ring.header());
  return process->ring.header();
}

void HookedCall(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  const RingHeader* started = StartRecorder(&dispatch);
  if (started == nullptr) return state.SkipWithError("recorder is off");
  const RingHeader& ring = *started;
  const uint64_t before = ring.dispatches.load();
  CallInBatches(
      state, [&] { dispatch.Call(); }, [&] { WaitUntilDrained(ring); });
  SetRoutingSink(nullptr);
  const auto calls = static_cast<uint64_t>(state.iterations());
  if (ring.dispatches.load() - before != calls || ring.dropped_rows != 0) {
    state.SkipWithError("dispatches were not all recorded");
  }
}

// Times each call by itself, and says what the slowest of 1,000 and of 2 take,
// less what an empty interval takes.
class Tail {
 public:
  explicit Tail(benchmark::State& state) : state_(state) {
    std::vector<uint64_t> empty(1001);
    for (uint64_t& ticks : empty) {
      const uint64_t before = Ticks();
      ticks = Ticks() - before;
    }
    std::nth_element(empty.begin(), empty.begin() + 500, empty.end());
    empty_ = empty[500];
  }
  ~Tail() {
    const double ns = static_cast<double>(Now(CLOCK_MONOTONIC) - began_ns_) /
                      static_cast<double>(Ticks() - began_);
    std::sort(ticks_.begin(), ticks_.end());
    const auto at = [&](size_t of_1000) {
      return ns * static_cast<double>(ticks_[ticks_.size() * of_1000 / 1000]);
    };
    state_.counters["median_ns"] = at(500);
    state_.counters["p99.9_ns"] = at(999);
    state_.counters["timer_ns"] = ns * static_cast<double>(empty_);
  }

  template <typename Call>
  void Time(Call call) {
    const uint64_t before = Ticks();
    call();
    const uint64_t ticks = Ticks() - before;
    ticks_.push_back(ticks - std::min(ticks, empty_));
  }

 private:
  benchmark::State& state_;
  const uint64_t began_ = Ticks();
  const int64_t began_ns_ = Now(CLOCK_MONOTONIC);
  uint64_t empty_ = 0;  // median
  std::vector<uint64_t> ticks_;
};

void HookedTail(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  const RingHeader* ring = StartRecorder(&dispatch);
  if (ring == nullptr) return state.SkipWithError("recorder is off");
  Tail tail(state);
  CallInBatches(
      state, [&] { tail.Time([&] { dispatch.Call(); }); },
      [&] { WaitUntilDrained(*ring); });
  SetRoutingSink(nullptr);
}

// What the machine does to a call that nothing is in front of.
void DirectTail(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  Tail tail(state);
  CallInBatches(
      state, [&] { tail.Time([&] { dispatch.Call(Dispatch::Direct()); }); },
      [] {});
}

void Rows(benchmark::internal::Benchmark* benchmark) {
  for (const int64_t rows : {1, 8, 64, 512, 4096, 8192}) {
    benchmark->Arg(rows);
  }
}

BENCHMARK(DirectCall)->Arg(1);
BENCHMARK(EmptyCall)->Arg(1);
BENCHMARK(PlainCopy)->Apply(Rows);
BENCHMARK(Memcpy)->Apply(Rows);
BENCHMARK(HookedCall)->Apply(Rows);
BENCHMARK(MutexQueueCall)->Apply(Rows);
BENCHMARK(DirectTail)->Arg(1);
BENCHMARK(HookedTail)->Arg(1)->Arg(512);

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  char folder[] = "/tmp/moetap-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr ||
      dlopen(FAKE_TORCH, RTLD_NOW | RTLD_LOCAL) == nullptr) {
    perror("hook_overhead");
    return 1;
  }
  moetap::Config config;
  config.enabled = true;
  snprintf(config.directory, sizeof(config.directory), "%s", folder);
  moetap::Configure(config);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  moetap::FinishProcess();
  std::filesystem::remove_all(folder);
  return 0;
}
