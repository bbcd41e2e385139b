// The recorder on the stand-in, which runs each stream in a thread of its own:
// engine threads, device threads and the writer thread at once.  Meant for
// ThreadSanitizer as well.
#include "plugin/cuda/cuda_recorder.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <thread>

#include "plugin/moetap.h"
#include "plugin/process.h"
#include "tests/cuda_standin/test_support.h"
#include "tests/unit/plugin/capture_files.h"
#include "tests/unit/plugin/guest.h"

namespace moetap {
namespace {

using standin::test::LaunchSet;
using standin::test::OwnStream;

// The stand-in reads this when it is first called.
const bool environment_set = setenv("STANDIN_THREADS", "1", 1) == 0;

constexpr KernelRow kRow = {.base = "router",
                            .base_name = "router",
                            .engine = "",
                            .role = KernelRole::kRouter,
                            .evidence = KernelEvidence::kByConstruction,
                            .ids_argument = 0,
                            .id_template_argument = kNoArgument,
                            .rows = {},
                            .k = {},
                            .experts = {},
                            .forms = {}};
constexpr int kLayers = 3;

// A router of one row, top-1: the expert is `id`.
void Route(CudaRecorder* recorder, int* ids, int id, cudaStream_t stream) {
  ASSERT_EQ(LaunchSet(ids, id, stream), cudaSuccess);
  recorder->OnRouterLaunch({.row = &kRow,
                            .ids = ids,
                            .rows = 1,
                            .k = 1,
                            .experts = 64,
                            .id_bytes = 4,
                            .id_signed = true,
                            .stream = reinterpret_cast<CudaStream>(stream)});
}

int* DeviceInts(int n) {
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, n * sizeof(int)), cudaSuccess);
  return static_cast<int*>(memory);
}

class CudaRecorderTest : public GuestTest {
 protected:
  CudaRecorderTest() { config().ring_bytes = 4 << 20; }

  // How often each id was captured.
  std::map<int, int> Counts(const Captured& captured) const {
    std::map<int, int> counts;
    for (const CapturedSet& set : captured.sets) ++counts[set.ids.at(0)];
    return counts;
  }
};

TEST_F(CudaRecorderTest, EngineThreadsWithStreamsOfTheirOwn) {
  constexpr int kThreads = 3;
  constexpr int kLaunches = 200;
  RunGuest([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([t] {
        CudaRecorder recorder;
        const OwnStream stream;
        int* ids = DeviceInts(1);
        for (int i = 0; i < kLaunches; ++i) Route(&recorder, ids, t, stream);
        EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(Counts(captured),
              testing::ElementsAre(testing::Pair(0, kLaunches),
                                   testing::Pair(1, kLaunches),
                                   testing::Pair(2, kLaunches)));
  EXPECT_EQ(captured.drop_rows + captured.drop_records, 0u);
}

// A graph of all layers; layer l of step s routes to the id that the device
// holds for it then.
class Graphs {
 public:
  Graphs() {
    moetap_layer layers[kLayers] = {};
    for (uint32_t l = 0; l < kLayers; ++l) layers[l] = {0, 10 + l, 64, 1, 0};
    moetap_expect(layers, kLayers);
    moetap_step_begin(1, MOETAP_STEP_DUMMY, nullptr, 0);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal),
              cudaSuccess);
    for (int l = 0; l < kLayers; ++l) Route(&recorder_, ids_ + l, l, stream_);
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
    EXPECT_EQ(cudaGraphInstantiate(&executable_, graph, 0), cudaSuccess);
    recorder_.OnGraphInstantiated(reinterpret_cast<CudaGraph>(graph), Exec());
    recorder_.BeforeGraphDestroy(reinterpret_cast<CudaGraph>(graph));
    cudaGraphDestroy(graph);
    moetap_step_end(1);
  }

  void Launch(uint64_t step) {
    const moetap_span span = {1, static_cast<uint32_t>(step), 1, 0};
    moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
    recorder_.BeforeGraphLaunch(
        Exec(), reinterpret_cast<CudaStream>(cudaStream_t(stream_)));
    EXPECT_EQ(cudaGraphLaunch(executable_, stream_), cudaSuccess);
    moetap_step_end(step);
  }

  void Finish() { EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess); }

 private:
  CudaGraphExec Exec() const {
    return reinterpret_cast<CudaGraphExec>(executable_);
  }

  CudaRecorder recorder_;
  const OwnStream stream_;
  int* ids_ = DeviceInts(kLayers);
  cudaGraphExec_t executable_ = nullptr;
};

TEST_F(CudaRecorderTest, ReplaysCarryTheirStepAndLayer) {
  constexpr uint64_t kSteps = 100;
  RunGuest([] {
    Graphs graphs;
    for (uint64_t step = 2; step < 2 + kSteps; ++step) graphs.Launch(step);
    graphs.Finish();
  });
  const Captured captured = ReadOnlyCapture(directory());
  std::map<uint64_t, std::map<int, int>> steps;  // step -> layer -> id
  for (const CapturedSet& set : captured.sets) {
    const auto& [number, source] = captured.layers.at(set.slot);
    EXPECT_EQ(source, log::LayerSource::Order);
    EXPECT_TRUE(steps[set.step].emplace(number, set.ids.at(0)).second);
  }
  EXPECT_EQ(steps.size(), kSteps);
  for (const auto& [step, layers] : steps) {
    EXPECT_THAT(layers,
                testing::ElementsAre(testing::Pair(10, 0), testing::Pair(11, 1),
                                     testing::Pair(12, 2)))
        << step;
  }
  EXPECT_THAT(captured.status, testing::IsEmpty());
}

TEST_F(CudaRecorderTest, AShimTellsWhereIdsAre) {
  RunGuest([] {
    CudaRecorder recorder;
    SetLaunchSink(&recorder);
    const OwnStream stream;
    int* ids = DeviceInts(1);
    moetap_device_ids told = {
        .address = reinterpret_cast<uint64_t>(ids),
        .stream = reinterpret_cast<uint64_t>(cudaStream_t(stream)),
        .rows = 1,
        .k = 1,
        .experts = 64,
        .id_bytes = 4,
        .id_signed = 1};
    const moetap_span span = {1, 0, 1, 0};
    moetap_step_begin(1, MOETAP_STEP_REAL, &span, 1);
    EXPECT_EQ(moetap_step_dispatches(), 0u);
    for (int id : {9, 8}) {
      ASSERT_EQ(LaunchSet(ids, id, stream), cudaSuccess);
      moetap_device_dispatch(&told);
    }
    EXPECT_EQ(moetap_step_dispatches(), 2u);
    told.id_bytes = 3;
    moetap_device_dispatch(&told);
    moetap_step_end(1);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  });
  const Captured captured = ReadOnlyCapture(directory());
  ASSERT_EQ(captured.sets.size(), 2u);
  EXPECT_NE(captured.sets[0].slot, captured.sets[1].slot);
  EXPECT_THAT(Counts(captured),
              testing::ElementsAre(testing::Pair(8, 1), testing::Pair(9, 1)));
  EXPECT_EQ(captured.hook, "moetap_device_dispatch");
  EXPECT_THAT(captured.status, testing::ElementsAre("unreadable"));
}

TEST_F(CudaRecorderTest, OneLaunchMoreThanLayersIsNotCaptured) {
  RunGuest([] {
    Graphs graphs;
    CudaRecorder recorder;
    const OwnStream stream;
    int* ids = DeviceInts(1);
    const moetap_span span = {1, 0, 1, 0};
    moetap_step_begin(2, MOETAP_STEP_REAL, &span, 1);
    for (int i = 0; i < kLayers + 1; ++i) Route(&recorder, ids, 5, stream);
    moetap_step_end(2);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_EQ(captured.sets.size(), static_cast<size_t>(kLayers));
  EXPECT_THAT(captured.status, testing::ElementsAre("unreadable"));
  EXPECT_EQ(captured.counters().dispatches, uint64_t{kLayers} + 1);
}

TEST_F(CudaRecorderTest, LaunchesOutsideOfStepsAreNotCaptured) {
  RunGuest([] {
    CudaRecorder recorder;
    const OwnStream stream;
    int* ids = DeviceInts(1);
    moetap_step_begin(1, MOETAP_STEP_DUMMY, nullptr, 0);
    moetap_step_end(1);
    Route(&recorder, ids, 5, stream);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_TRUE(captured.sets.empty());
  EXPECT_THAT(captured.status, testing::ElementsAre("unreadable"));
}

TEST_F(CudaRecorderTest, ReadersOfIdsCountOnlyWhereNoRouterIsKnown) {
  RunGuest([] {
    CudaRecorder recorder;
    const OwnStream stream;
    int* ids = DeviceInts(1);
    KernelRow reader = kRow;
    const auto read = [&](KernelRole role) {
      reader.role = role;
      recorder.OnRouterLaunch(
          {.row = &reader,
           .ids = ids,
           .rows = 1,
           .k = 1,
           .experts = 64,
           .id_bytes = 4,
           .id_signed = true,
           .stream = reinterpret_cast<CudaStream>(cudaStream_t(stream))});
    };
    ASSERT_EQ(LaunchSet(ids, 7, stream), cudaSuccess);
    read(KernelRole::kConsumer);
    read(KernelRole::kFollower);
    Route(&recorder, ids, 8, stream);
    read(KernelRole::kConsumer);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  });
  EXPECT_THAT(Counts(ReadOnlyCapture(directory())),
              testing::ElementsAre(testing::Pair(7, 1), testing::Pair(8, 1)));
}

}  // namespace
}  // namespace moetap
