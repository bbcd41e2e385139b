// The order of work in streams.
#include <set>
#include <thread>
#include <vector>

#include "tests/cuda_standin/test_support.h"

namespace standin::test {
namespace {

constexpr uint64_t kSeeds = 1000;

// How many seeds give another result than `expected`.
template <typename Run>
int Wrong(int expected, Run run) {
  int wrong = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Seed(seed);
    wrong += run() != expected ? 1 : 0;
  }
  return wrong;
}

TEST(Streams, OneStreamKeepsItsOrder) {
  const OwnStream stream;
  EXPECT_EQ(0, Wrong(12345, [&] {
              const Ints out;
              for (int i = 1; i <= 5; ++i) LaunchAdd(out.get(), i, stream);
              return out.value();
            }));
}

// A value goes from one stream to another, with or without a wait between.
int Handover(cudaStream_t from, cudaStream_t to, bool wait) {
  const Ints value;
  const Ints copy;
  const OwnEvent event;
  LaunchSet(value.get(), 7, from);
  EXPECT_OK(cudaEventRecord(event, from));
  if (wait) {
    EXPECT_OK(cudaStreamWaitEvent(to, event, 0));
  }
  LaunchCopy(copy.get(), value.get(), to);
  return copy.value();
}

TEST(Streams, EventWaitOrdersStreams) {
  const OwnStream a;
  const OwnStream b;
  EXPECT_EQ(0, Wrong(7, [&] { return Handover(a, b, true); }));
}

TEST(Streams, MissingEventWaitShows) {
  const OwnStream a;
  const OwnStream b;
  const int wrong = Wrong(7, [&] { return Handover(a, b, false); });
  EXPECT_GT(wrong, 100);
  EXPECT_LT(wrong, 900);
}

TEST(Streams, WaitIsForTheRecordThatWasThen) {
  const OwnStream a;
  const OwnStream b;
  const int late = Wrong(1, [&] {
    const Ints value;
    const Ints copy;
    const OwnEvent event;
    LaunchSet(value.get(), 1, a);
    EXPECT_OK(cudaEventRecord(event, a));
    EXPECT_OK(cudaStreamWaitEvent(b, event, 0));
    LaunchSet(value.get(), 2, a);
    EXPECT_OK(cudaEventRecord(event, a));
    LaunchCopy(copy.get(), value.get(), b);
    const int got = copy.value();
    EXPECT_TRUE(got == 1 || got == 2) << got;
    return got;
  });
  EXPECT_GT(late, 0);
  EXPECT_LT(late, 1000);
}

std::vector<int> OrderOf(uint64_t seed) {
  static std::vector<int> order;
  order.clear();
  Seed(seed);
  const OwnStream streams[4];
  for (int i = 0; i < 40; ++i) {
    EXPECT_OK(cudaLaunchHostFunc(
        streams[i % 4],
        [](void* number) {
          order.push_back(static_cast<int>(reinterpret_cast<intptr_t>(number)));
        },
        reinterpret_cast<void*>(static_cast<intptr_t>(i))));
  }
  EXPECT_OK(cudaDeviceSynchronize());
  return order;
}

TEST(Streams, OneSeedGivesOneOrder) {
  std::set<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto order = OrderOf(seed);
    EXPECT_EQ(40U, order.size());
    EXPECT_EQ(order, OrderOf(seed)) << "seed " << seed;
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 45U);
}

TEST(LegacyStream, WaitsForBlockingStreamsAndTheyForIt) {
  const OwnStream a(cudaStreamDefault);
  const OwnStream b(cudaStreamDefault);
  EXPECT_EQ(0, Wrong(1234, [&] {
              const Ints out;
              LaunchAdd(out.get(), 1, a);
              LaunchAdd(out.get(), 2, nullptr);
              LaunchAdd(out.get(), 3, b);
              LaunchAdd(out.get(), 4, cudaStreamLegacy);
              return out.value();
            }));
}

TEST(LegacyStream, DoesNotWaitForNonBlockingStreams) {
  const OwnStream a;
  EXPECT_GT(Wrong(12,
                  [&] {
                    const Ints out;
                    LaunchAdd(out.get(), 1, a);
                    LaunchAdd(out.get(), 2, nullptr);
                    return out.value();
                  }),
            0);
}

TEST(PerThreadStream, IsOneStreamPerThreadAndBlocking) {
  unsigned long long ids[3] = {};
  EXPECT_OK(cudaStreamGetId(cudaStreamPerThread, &ids[0]));
  EXPECT_OK(cudaStreamGetId(cudaStreamPerThread, &ids[1]));
  std::thread([&] {
    EXPECT_OK(cudaStreamGetId(cudaStreamPerThread, &ids[2]));
  }).join();
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_EQ(0, Wrong(12, [&] {
              const Ints out;
              LaunchAdd(out.get(), 1, cudaStreamPerThread);
              LaunchAdd(out.get(), 2, nullptr);
              return out.value();
            }));
}

TEST(Streams, DestroyedStreamsFinishTheirWork) {
  EXPECT_EQ(0, Wrong(12, [&] {
              const Ints out;
              {
                const OwnStream stream;
                LaunchAdd(out.get(), 1, stream);
                LaunchAdd(out.get(), 2, stream);
              }
              return out.value();
            }));
}

TEST(Streams, WorkIsLateForSomeSeeds) {
  const OwnStream stream;
  int late = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Seed(seed);
    const Ints out;
    LaunchSet(out.get(), 1, stream);
    late += *out.get() == 0 ? 1 : 0;
    EXPECT_OK(cudaStreamSynchronize(stream));
    EXPECT_EQ(1, *out.get());
  }
  EXPECT_GT(late, 10);
  EXPECT_LT(late, 100);
}

TEST(Streams, PollingEndsAndTellsTheTruth) {
  const OwnStream stream;
  const OwnEvent event;
  const Ints out;
  LaunchSet(out.get(), 1, stream);
  EXPECT_OK(cudaEventRecord(event, stream));
  int status = cudaErrorNotReady;
  while ((status = cudaEventQuery(event)) == cudaErrorNotReady) {
  }
  EXPECT_EQ(cudaSuccess, status);
  EXPECT_EQ(1, *out.get());
  while (cudaStreamQuery(stream) == cudaErrorNotReady) {
  }
  cudaGetLastError();
}

TEST(Events, TimeIsAtLeastAMillisecond) {
  const OwnStream stream;
  const OwnEvent begin;
  const OwnEvent end;
  float ms = 0;
  EXPECT_CUDA(cudaErrorInvalidResourceHandle,
              cudaEventElapsedTime(&ms, begin, end));
  EXPECT_OK(cudaEventRecord(begin, stream));
  EXPECT_OK(cudaEventRecord(end, stream));
  EXPECT_OK(cudaEventSynchronize(end));
  EXPECT_OK(cudaEventElapsedTime(&ms, begin, end));
  EXPECT_GE(ms, 1.0F);
}

TEST(Streams, UnknownHandlesAreRefused) {
  cudaStream_t stream = nullptr;
  EXPECT_OK(cudaStreamCreate(&stream));
  EXPECT_OK(cudaStreamDestroy(stream));
  const Ints out;
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, LaunchSet(out.get(), 1, stream));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaStreamDestroy(stream));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaGetLastError());
  EXPECT_CUDA(cudaSuccess, cudaGetLastError());
}

TEST(Launches, ProgrammaticLaunchThatWaitsIsNeverStale) {
  const OwnStream stream;
  EXPECT_EQ(0, Wrong(7, [&] {
              const Ints value;
              const Ints copy;
              LaunchSet(value.get(), 7, stream);
              LaunchEarly(kCopy, copy.get(), value.get(), stream);
              return copy.value();
            }));
}

TEST(Launches, ProgrammaticLaunchWithoutWaitShows) {
  const OwnStream stream;
  const int wrong = Wrong(7, [&] {
    const Ints value;
    const Ints copy;
    LaunchSet(value.get(), 7, stream);
    LaunchEarly(kHasty, copy.get(), value.get(), stream);
    return copy.value();
  });
  EXPECT_GT(wrong, 100);
  EXPECT_LT(wrong, 900);
}

TEST(Launches, WhatFollowsAnEarlyKernelWaitsForAllBeforeIt) {
  const OwnStream stream;
  EXPECT_EQ(0, Wrong(7, [&] {
              const Ints value;
              const Ints stale;
              const Ints copy;
              LaunchSet(value.get(), 7, stream);
              LaunchEarly(kHasty, stale.get(), value.get(), stream);
              LaunchCopy(copy.get(), value.get(), stream);
              return copy.value();
            }));
}

TEST(Launches, ImpossibleOnesAreRefused) {
  EXPECT_CUDA(
      cudaErrorInvalidDeviceFunction,
      cudaLaunchKernel("unknown", {1, 1, 1}, {1, 1, 1}, nullptr, 0, nullptr));
  EXPECT_CUDA(
      cudaErrorInvalidConfiguration,
      cudaLaunchKernel(kSet, {0, 1, 1}, {1, 1, 1}, nullptr, 0, nullptr));
  EXPECT_CUDA(
      cudaErrorInvalidValue,
      cudaLaunchKernel(kSet, {1, 1, 1}, {1, 1, 1}, nullptr, 0, nullptr));
}

}  // namespace
}  // namespace standin::test
