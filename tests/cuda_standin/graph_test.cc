// Captures, graphs, and what is forbidden during a capture.
#include <set>
#include <thread>
#include <vector>

#include "tests/cuda_standin/test_support.h"

namespace standin::test {
namespace {

constexpr auto kGlobal = cudaStreamCaptureModeGlobal;
constexpr auto kRelaxed = cudaStreamCaptureModeRelaxed;
constexpr auto kThreadLocal = cudaStreamCaptureModeThreadLocal;

// An executable graph of what `submit` captures.
template <typename Submit>
cudaGraphExec_t Capture(cudaStream_t stream, Submit submit) {
  EXPECT_OK(cudaStreamBeginCapture(stream, kGlobal));
  submit();
  cudaGraph_t graph = nullptr;
  EXPECT_OK(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec = nullptr;
  EXPECT_OK(cudaGraphInstantiate(&exec, graph, 0));
  EXPECT_OK(cudaGraphDestroy(graph));
  return exec;
}

TEST(Graphs, CaptureRunsNothingAndReplaysReadNewInputs) {
  const OwnStream stream;
  const Ints input;
  const Ints output;
  const auto exec =
      Capture(stream, [&] { LaunchCopy(output.get(), input.get(), stream); });
  EXPECT_EQ(0, output.value());
  for (int i = 1; i < 100; ++i) {
    EXPECT_OK(
        cudaMemcpyAsync(input.get(), &i, sizeof i, cudaMemcpyDefault, stream));
    EXPECT_OK(cudaGraphLaunch(exec, stream));
    EXPECT_EQ(i, output.value());
  }
  EXPECT_OK(cudaGraphExecDestroy(exec));
}

// origin: set; fork: copy, behind the set; origin again: copy of the copy.
int ForkAndJoin(bool join) {
  const OwnStream origin;
  const OwnStream fork;
  const OwnEvent forked;
  const OwnEvent joined;
  const Ints values(3);
  int* const v = values.get();
  EXPECT_OK(cudaStreamBeginCapture(origin, kGlobal));
  LaunchSet(v, 7, origin);
  EXPECT_OK(cudaEventRecord(forked, origin));
  EXPECT_OK(cudaStreamWaitEvent(fork, forked, 0));
  LaunchCopy(v + 1, v, fork);
  EXPECT_OK(cudaEventRecord(joined, fork));
  if (join) {
    EXPECT_OK(cudaStreamWaitEvent(origin, joined, 0));
  }
  LaunchCopy(v + 2, v + 1, origin);
  cudaGraph_t graph = nullptr;
  const int status = cudaStreamEndCapture(origin, &graph);
  if (status != cudaSuccess) {
    EXPECT_EQ(nullptr, graph);
    cudaGetLastError();
    return -status;
  }
  cudaGraphExec_t exec = nullptr;
  EXPECT_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  EXPECT_OK(cudaGraphLaunch(exec, origin));
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaGraphDestroy(graph));
  return values.value(2);
}

TEST(Graphs, EdgesOfForkAndJoinAreKept) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Seed(seed);
    ASSERT_EQ(7, ForkAndJoin(true)) << "seed " << seed;
  }
}

TEST(Graphs, UnjoinedForkIsRefused) {
  EXPECT_EQ(-cudaErrorStreamCaptureUnjoined, ForkAndJoin(false));
}

TEST(Graphs, ParallelBranchesRunInAnyOrder) {
  const OwnStream origin;
  const OwnStream fork;
  const OwnEvent forked;
  const OwnEvent joined;
  const Ints out;
  const auto exec = Capture(origin, [&] {
    EXPECT_OK(cudaEventRecord(forked, origin));
    EXPECT_OK(cudaStreamWaitEvent(fork, forked, 0));
    LaunchAdd(out.get(), 1, origin);
    LaunchAdd(out.get(), 2, fork);
    EXPECT_OK(cudaEventRecord(joined, fork));
    EXPECT_OK(cudaStreamWaitEvent(origin, joined, 0));
  });
  std::set<int> results;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Seed(seed);
    EXPECT_OK(cudaMemsetAsync(out.get(), 0, sizeof(int), origin));
    EXPECT_OK(cudaGraphLaunch(exec, origin));
    results.insert(out.value());
  }
  EXPECT_EQ((std::set<int>{12, 21}), results);
  EXPECT_OK(cudaGraphExecDestroy(exec));
}

TEST(Graphs, LaunchesOfOneExecAreOrderedAcrossStreams) {
  const OwnStream a;
  const OwnStream b;
  const Ints value;
  const auto exec = Capture(a, [&] {
    LaunchAdd(value.get(), 1, a);
    LaunchAdd(value.get(), 2, a);
  });
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Seed(seed);
    EXPECT_OK(cudaMemset(value.get(), 0, sizeof(int)));
    EXPECT_OK(cudaGraphLaunch(exec, a));
    EXPECT_OK(cudaGraphLaunch(exec, b));
    ASSERT_EQ(1212, value.value()) << "seed " << seed;
  }
  EXPECT_OK(cudaGraphExecDestroy(exec));
}

TEST(Graphs, DestroyedExecFinishesItsLaunches) {
  const OwnStream stream;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Seed(seed);
    const Ints out;
    const auto exec = Capture(stream, [&] {
      LaunchAdd(out.get(), 1, stream);
      LaunchAdd(out.get(), 2, stream);
    });
    EXPECT_OK(cudaGraphLaunch(exec, stream));
    EXPECT_OK(cudaGraphExecDestroy(exec));
    EXPECT_CUDA(cudaErrorInvalidValue, cudaGraphLaunch(exec, stream));
    ASSERT_EQ(12, out.value());
  }
}

TEST(Graphs, UpdateChangesArgumentsOfLaterLaunchesOnly) {
  const OwnStream stream;
  const Ints out;
  const auto exec = Capture(stream, [&] { LaunchAdd(out.get(), 1, stream); });
  EXPECT_OK(cudaStreamBeginCapture(stream, kGlobal));
  LaunchAdd(out.get(), 2, stream);
  cudaGraph_t graph = nullptr;
  EXPECT_OK(cudaStreamEndCapture(stream, &graph));
  EXPECT_OK(cudaGraphLaunch(exec, stream));
  cudaGraphExecUpdateResultInfo info;
  EXPECT_OK(cudaGraphExecUpdate(exec, graph, &info));
  EXPECT_OK(cudaGraphLaunch(exec, stream));
  EXPECT_EQ(12, out.value());
  cudaGraph_t empty = nullptr;
  EXPECT_OK(cudaGraphCreate(&empty, 0));
  EXPECT_CUDA(cudaErrorGraphExecUpdateFailure,
              cudaGraphExecUpdate(exec, empty, &info));
  EXPECT_EQ(cudaGraphExecUpdateErrorTopologyChanged, info.result);
}

TEST(Graphs, ChildGraphsRunInTheirPlace) {
  const OwnStream stream;
  const Ints out;
  const auto child = Capture(stream, [&] {
    LaunchAdd(out.get(), 2, stream);
    LaunchAdd(out.get(), 3, stream);
  });
  const auto exec = Capture(stream, [&] {
    LaunchAdd(out.get(), 1, stream);
    EXPECT_OK(cudaGraphLaunch(child, stream));
    LaunchAdd(out.get(), 4, stream);
  });
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Seed(seed);
    EXPECT_OK(cudaMemset(out.get(), 0, sizeof(int)));
    EXPECT_OK(cudaGraphLaunch(exec, stream));
    ASSERT_EQ(1234, out.value());
  }
}

TEST(Graphs, NodesTypesAndClonesAreTold) {
  const OwnStream stream;
  const Ints out;
  EXPECT_OK(cudaStreamBeginCapture(stream, kGlobal));
  LaunchAdd(out.get(), 1, stream);
  EXPECT_OK(cudaMemsetAsync(out.get(), 0, sizeof(int), stream));
  cudaGraph_t graph = nullptr;
  EXPECT_OK(cudaStreamEndCapture(stream, &graph));
  cudaGraph_t clone = nullptr;
  EXPECT_OK(cudaGraphClone(&clone, graph));
  EXPECT_OK(cudaGraphDestroy(graph));
  cudaGraphNode_t nodes[4];
  size_t count = 4;
  EXPECT_OK(cudaGraphGetNodes(clone, nodes, &count));
  ASSERT_EQ(2U, count);
  cudaGraphNodeType types[2];
  for (int i = 0; i < 2; ++i) {
    EXPECT_OK(cudaGraphNodeGetType(nodes[i], &types[i]));
  }
  EXPECT_EQ(cudaGraphNodeTypeKernel, types[0]);
  EXPECT_EQ(cudaGraphNodeTypeMemset, types[1]);
  cudaGraphNode_t from[1];
  cudaGraphNode_t to[1];
  count = 1;
  EXPECT_OK(cudaGraphGetEdges(clone, from, to, nullptr, &count));
  EXPECT_EQ(1U, count);
  EXPECT_EQ(nodes[0], from[0]);
  EXPECT_EQ(nodes[1], to[0]);
  EXPECT_OK(cudaGraphDestroy(clone));
}

TEST(Graphs, ProgrammaticEdgesAreReplayed) {
  const OwnStream stream;
  const Ints value;
  const Ints patient;
  const Ints hasty;
  const auto exec = Capture(stream, [&] {
    LaunchSet(value.get(), 7, stream);
    LaunchEarly(kCopy, patient.get(), value.get(), stream);
  });
  const auto wrong_exec = Capture(stream, [&] {
    LaunchSet(value.get(), 7, stream);
    LaunchEarly(kHasty, hasty.get(), value.get(), stream);
  });
  int stale = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Seed(seed);
    EXPECT_OK(cudaMemset(value.get(), 0, sizeof(int)));
    EXPECT_OK(cudaGraphLaunch(exec, stream));
    ASSERT_EQ(7, patient.value());
    EXPECT_OK(cudaMemset(value.get(), 0, sizeof(int)));
    EXPECT_OK(cudaGraphLaunch(wrong_exec, stream));
    stale += hasty.value() == 0 ? 1 : 0;
  }
  EXPECT_GT(stale, 100);
}

TEST(CaptureInfo, TellsIdGraphAndDependencies) {
  const OwnStream stream;
  const Ints out;
  cudaStreamCaptureStatus status;
  EXPECT_OK(cudaStreamIsCapturing(stream, &status));
  EXPECT_EQ(cudaStreamCaptureStatusNone, status);
  EXPECT_OK(cudaStreamBeginCapture(stream, kGlobal));
  LaunchSet(out.get(), 1, stream);
  unsigned long long id = 0;
  cudaGraph_t graph = nullptr;
  const cudaGraphNode_t* dependencies = nullptr;
  size_t count = 0;
  EXPECT_OK(cudaStreamGetCaptureInfo(stream, &status, &id, &graph,
                                     &dependencies, nullptr, &count));
  EXPECT_EQ(cudaStreamCaptureStatusActive, status);
  EXPECT_NE(0U, id);
  ASSERT_EQ(1U, count);
  cudaGraphNode_t node = nullptr;
  size_t nodes = 1;
  EXPECT_OK(cudaGraphGetNodes(graph, &node, &nodes));
  EXPECT_EQ(node, dependencies[0]);
  cudaGraph_t ended = nullptr;
  EXPECT_OK(cudaStreamEndCapture(stream, &ended));
  EXPECT_EQ(graph, ended);
  EXPECT_OK(cudaGraphDestroy(graph));
}

// What a call gives during a capture, and the capture afterwards.
template <typename CallDuring>
void ExpectForbidden(int expected, cudaStreamCaptureMode mode,
                     CallDuring call) {
  const OwnStream stream;
  EXPECT_OK(cudaStreamBeginCapture(stream, mode));
  EXPECT_CUDA(expected, call(stream));
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(expected == 0 ? 0 : cudaErrorStreamCaptureInvalidated,
              cudaStreamEndCapture(stream, &graph));
  if (expected != 0) {
    EXPECT_EQ(nullptr, graph);
  }
  cudaGetLastError();
}

int TryMalloc(cudaStream_t) {
  void* memory = nullptr;
  return cudaMalloc(&memory, 4);
}

TEST(CaptureErrors, UnsafeCallsDependOnTheMode) {
  constexpr int kUnsupported = cudaErrorStreamCaptureUnsupported;
  ExpectForbidden(kUnsupported, kGlobal, TryMalloc);
  ExpectForbidden(kUnsupported, kThreadLocal, TryMalloc);
  ExpectForbidden(0, kRelaxed, TryMalloc);
  const auto elsewhere = [](cudaStream_t stream) {
    int status = 0;
    std::thread([&] { status = TryMalloc(stream); }).join();
    return status;
  };
  ExpectForbidden(kUnsupported, kGlobal, elsewhere);
  ExpectForbidden(0, kThreadLocal, elsewhere);
  ExpectForbidden(0, kGlobal, [](cudaStream_t stream) {
    cudaStreamCaptureMode mode = kRelaxed;
    EXPECT_OK(cudaThreadExchangeStreamCaptureMode(&mode));
    EXPECT_EQ(kGlobal, mode);
    const int status = TryMalloc(stream);
    EXPECT_OK(cudaThreadExchangeStreamCaptureMode(&mode));
    EXPECT_EQ(kRelaxed, mode);
    return status;
  });
}

TEST(CaptureErrors, WaitingIsForbidden) {
  constexpr int kUnsupported = cudaErrorStreamCaptureUnsupported;
  const OwnEvent event;
  const OwnStream other;
  ExpectForbidden(kUnsupported, kRelaxed,
                  [](cudaStream_t) { return cudaDeviceSynchronize(); });
  ExpectForbidden(kUnsupported, kRelaxed, cudaStreamSynchronize);
  ExpectForbidden(kUnsupported, kRelaxed, cudaStreamQuery);
  ExpectForbidden(kUnsupported, kGlobal,
                  [&](cudaStream_t) { return cudaStreamSynchronize(other); });
  ExpectForbidden(kUnsupported, kGlobal,
                  [&](cudaStream_t) { return cudaEventSynchronize(event); });
  ExpectForbidden(cudaErrorCapturedEvent, kRelaxed, [&](cudaStream_t stream) {
    EXPECT_OK(cudaEventRecord(event, stream));
    return cudaEventSynchronize(event);
  });
}

TEST(CaptureErrors, LegacyStreamIsForbiddenBesideBlockingStreams) {
  const Ints out;
  const auto use = [&](cudaStream_t) {
    return LaunchSet(out.get(), 1, nullptr);
  };
  const OwnStream stream(cudaStreamDefault);
  EXPECT_OK(cudaStreamBeginCapture(stream, kRelaxed));
  EXPECT_CUDA(cudaErrorStreamCaptureImplicit, use(stream));
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated,
              cudaStreamEndCapture(stream, &graph));
  ExpectForbidden(0, kRelaxed, use);
  EXPECT_CUDA(cudaErrorStreamCaptureUnsupported,
              cudaStreamBeginCapture(nullptr, kRelaxed));
}

TEST(CaptureErrors, DependenciesOnOutsideWorkAreForbidden) {
  const OwnStream other;
  const OwnEvent event;
  EXPECT_OK(cudaEventRecord(event, other));
  ExpectForbidden(cudaErrorStreamCaptureIsolation, kGlobal,
                  [&](cudaStream_t stream) {
                    return cudaStreamWaitEvent(stream, event, 0);
                  });
}

TEST(CaptureErrors, CapturesDoNotMerge) {
  const OwnStream other;
  const OwnEvent event;
  EXPECT_OK(cudaStreamBeginCapture(other, kGlobal));
  EXPECT_OK(cudaEventRecord(event, other));
  ExpectForbidden(cudaErrorStreamCaptureMerge, kGlobal,
                  [&](cudaStream_t stream) {
                    return cudaStreamWaitEvent(stream, event, 0);
                  });
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated,
              cudaStreamEndCapture(other, &graph));
}

TEST(CaptureErrors, InvalidCaptureTakesNoMoreWork) {
  const OwnStream stream;
  const Ints out;
  EXPECT_OK(cudaStreamBeginCapture(stream, kGlobal));
  TryMalloc(stream);
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated,
              LaunchSet(out.get(), 1, stream));
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated,
              cudaStreamEndCapture(stream, &graph));
  EXPECT_CUDA(cudaErrorIllegalState, cudaStreamEndCapture(stream, &graph));
  LaunchSet(out.get(), 1, stream);
  EXPECT_EQ(1, out.value());
}

}  // namespace
}  // namespace standin::test
