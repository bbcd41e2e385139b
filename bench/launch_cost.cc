// What the hooks cost a launch of a kernel that is none of ours: the same call
// to an empty runtime, through the hook and through the runtime's own address.
// bench/README.md says how to read the figures.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "hooks/caller_table.h"
#include "hooks/cuda/kernel_table.h"
#include "hooks/cuda/launch_sink.h"
#include "hooks/resolve.h"

namespace moetap {
namespace {

// Of a real engine: vLLM's extension registers 1,430 kernels that match, each
// of which gets a second handle, and CUDA is called from dozens of libraries.
constexpr uintptr_t kHandles = 2 * 1430;
constexpr uintptr_t kCallers = 60;

using Launches = void (*)(int count, const void* const* handles);

class NoSink : public LaunchSink {
 public:
  void OnRouterLaunch(const RouterLaunch&) override {}
  void OnUnreadableLaunch(const KernelRow&, const char*) override {}
  void OnUnknownKernel(const KernelRow&, const char*, const char*) override {}
  void OnGraphInstantiated(CudaGraph, CudaGraphExec) override {}
  void OnGraphExecUpdated(CudaGraphExec, CudaGraph) override {}
  void OnGraphCloned(CudaGraph, CudaGraph) override {}
  void BeforeGraphLaunch(CudaGraphExec, CudaStream) override {}
  void BeforeGraphDestroy(CudaGraph) override {}
  void BeforeGraphExecDestroy(CudaGraphExec) override {}
};

Launches Find(const char* name) {
  void* caller = dlopen(EMPTY_CUDA_CALLER, RTLD_NOW | RTLD_LOCAL);
  void* found = caller == nullptr ? nullptr : dlsym(caller, name);
  if (found == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return reinterpret_cast<Launches>(found);
}

// As many foreign kernels as an engine launches in one step.
constexpr int kForeign = 256;
char g_foreign[kForeign][16];
const void* g_handles[kForeign];

void FillTables() {
  for (uintptr_t n = 0; n < kHandles; ++n) {
    g_kernels.Name(reinterpret_cast<void*>(0x7f0000000000 + n * 16),
                   "_ZN4vllm3moe7moeTopKILi256EiEEvPKfPKbPfPT0_PiiiiibS3_dS5_");
  }
  for (uintptr_t n = 0; n < kCallers; ++n) {
    g_callers.Add(0x1000 + n * 0x2000, 0x2000 + n * 0x2000);
  }
  for (int n = 0; n < kForeign; ++n) g_handles[n] = g_foreign[n];
}

void Run(benchmark::State& state, const char* name) {
  Launches launches = Find(name);
  launches(kForeign, g_handles);
  while (state.KeepRunningBatch(kForeign)) launches(kForeign, g_handles);
}

void Direct(benchmark::State& state) { Run(state, "launch_directly"); }

void HookedWithoutSink(benchmark::State& state) {
  Run(state, "launch_as_bound");
}

void Hooked(benchmark::State& state) {
  static NoSink sink;
  SetLaunchSink(&sink);
  Run(state, "launch_as_bound");
  SetLaunchSink(nullptr);
}

BENCHMARK(Direct);
BENCHMARK(HookedWithoutSink);
BENCHMARK(Hooked);

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  moetap::FillTables();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
