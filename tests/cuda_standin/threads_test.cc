// One worker thread per stream.
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/cuda_standin/test_support.h"

namespace standin::test {
namespace {

// The stand-in reads this when it is first called.
const bool environment_set = setenv("STANDIN_THREADS", "1", 1) == 0;

constexpr int kRounds = 200;

TEST(Threads, StreamsRunAtTheSameTime) {
  const OwnStream a;
  const OwnStream b;
  // Each waits for the other to have begun.
  static std::atomic<int> begun;
  begun = 0;
  const auto meet = [](void*) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  };
  EXPECT_OK(cudaLaunchHostFunc(a, meet, nullptr));
  EXPECT_OK(cudaLaunchHostFunc(b, meet, nullptr));
  EXPECT_OK(cudaDeviceSynchronize());
  EXPECT_EQ(2, begun);
}

TEST(Threads, StreamsAndEventsOrderWork) {
  const OwnStream a;
  const OwnStream b;
  const OwnEvent there;
  const OwnEvent back;
  const Ints value;
  const Ints copy;
  for (int i = 0; i < kRounds; ++i) {
    LaunchSet(value.get(), i, a);
    EXPECT_OK(cudaEventRecord(there, a));
    EXPECT_OK(cudaStreamWaitEvent(b, there, 0));
    LaunchEarly(kCopy, copy.get(), value.get(), b);
    EXPECT_OK(cudaEventRecord(back, b));
    EXPECT_OK(cudaStreamWaitEvent(a, back, 0));
    if (i % 10 == 9) {
      ASSERT_EQ(i, copy.value());
    }
  }
}

TEST(Threads, EarlyKernelsWaitForTheirPrimaries) {
  const OwnStream stream;
  const Ints values(2);
  for (int i = 0; i < kRounds; ++i) {
    LaunchSet(values.get(), i, stream);
    LaunchEarly(kCopy, values.get() + 1, values.get(), stream);
    ASSERT_EQ(i, values.value(1));
  }
}

TEST(Threads, GraphsReplayInOrderFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      const OwnStream stream;
      const Ints out;
      cudaGraph_t graph = nullptr;
      EXPECT_OK(
          cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
      EXPECT_OK(cudaMemsetAsync(out.get(), 0, sizeof(int), stream));
      LaunchAdd(out.get(), 1, stream);
      LaunchAdd(out.get(), 2, stream);
      EXPECT_OK(cudaStreamEndCapture(stream, &graph));
      cudaGraphExec_t exec = nullptr;
      EXPECT_OK(cudaGraphInstantiate(&exec, graph, 0));
      EXPECT_OK(cudaGraphDestroy(graph));
      for (int i = 0; i < kRounds; ++i) {
        EXPECT_OK(cudaGraphLaunch(exec, stream));
        EXPECT_OK(cudaStreamSynchronize(stream));
        EXPECT_EQ(12, *out.get());
      }
      EXPECT_OK(cudaGraphExecDestroy(exec));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, DestroyedStreamsFinishTheirWork) {
  const Ints out(kRounds);
  for (int i = 0; i < kRounds; ++i) {
    const OwnStream stream;
    LaunchSet(out.get() + i, i, stream);
  }
  for (int i = 0; i < kRounds; ++i) ASSERT_EQ(i, out.value(i));
}

}  // namespace
}  // namespace standin::test
