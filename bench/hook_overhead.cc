// What a hooked dispatch costs the engine's thread: forwarder, reading the
// tensors, and the recorder with a real ring that its writer drains.  Beside
// it: a plain narrowing copy of the same ids, and a hooked call with nobody
// listening.  bench/README.md says how to read the figures.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "hooks/event_sink.h"
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

// Into memory as large as the ring, which does not stay in the cache either.
void PlainCopy(benchmark::State& state) {
  Dispatch dispatch(state.range(0));
  const size_t n = dispatch.ids().size();
  std::vector<uint16_t> memory((size_t{16} << 20) / sizeof(uint16_t));
  size_t at = 0;
  for (auto _ : state) {
    if (at + n > memory.size()) at = 0;
    const int32_t* ids = dispatch.ids().data();
    uint16_t* to = memory.data() + at;
    for (size_t i = 0; i < n; ++i) to[i] = static_cast<uint16_t>(ids[i]);
    benchmark::ClobberMemory();
    at += n;
  }
}

void WaitUntilDrained(const RingHeader& ring) {
  const timespec nap = {0, 1'000'000};
  while (ring.persisted.load() < ring.reserved.load()) nanosleep(&nap, nullptr);
}

void HookedCall(benchmark::State& state) {
  SetRoutingSink(&g_recorder);
  Dispatch dispatch(state.range(0));
  dispatch.Call();  // starts the recorder
  Process* process = StartedProcess();
  if (process == nullptr) return state.SkipWithError("recorder is off");
  const RingHeader& ring = *process->ring.header();
  WaitUntilDrained(ring);
  const uint64_t before = ring.dispatches.load();
  // Half the ring at most between two drains: no dispatch finds it full.
  const int64_t batch =
      static_cast<int64_t>(ring.capacity) / 2 / RecordBytes(state.range(0));
  while (state.KeepRunningBatch(batch)) {
    for (int64_t i = 0; i < batch; ++i) dispatch.Call();
    state.PauseTiming();
    WaitUntilDrained(ring);
    state.ResumeTiming();
  }
  SetRoutingSink(nullptr);
  const auto calls = static_cast<uint64_t>(state.iterations());
  if (ring.dispatches.load() - before != calls || ring.dropped_rows != 0) {
    state.SkipWithError("dispatches were not all recorded");
  }
}

void Rows(benchmark::internal::Benchmark* benchmark) {
  for (const int64_t rows : {1, 8, 64, 512, 4096, 8192}) {
    benchmark->Arg(rows);
  }
}

BENCHMARK(DirectCall)->Arg(1);
BENCHMARK(EmptyCall)->Arg(1);
BENCHMARK(PlainCopy)->Apply(Rows);
BENCHMARK(HookedCall)->Apply(Rows);

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
