#include "plugin/cost_meter.h"

#include <gtest/gtest.h>

#include <vector>

namespace moetap {
namespace {

constexpr CallTiming kSample = {.began = 1000, .calls = kSampledCalls};
constexpr CallTiming kTimed = {.began = 1000, .calls = 1};

TEST(HostTime, ASampleStandsForItsCalls) {
  HostTime time{};
  time.AddCall(kSample, 1010);
  EXPECT_EQ(time.engine_ticks(), 640u);
  time.AddCall(kSample, 1000 + kLongestSample);
  EXPECT_EQ(time.engine_ticks(), 640 + 64 * kLongestSample);
}

TEST(HostTime, AnInterruptedSampleCountsOnce) {
  HostTime time{};
  time.AddCall(kSample, 1001 + kLongestSample);
  EXPECT_EQ(time.engine_ticks(), kLongestSample + 1);
}

TEST(HostTime, ACallTimedForItselfCountsOnceHoweverLong) {
  HostTime time{};
  time.AddCall(kTimed, 1007);
  EXPECT_EQ(time.engine_ticks(), 7u);
  time.AddCall(kTimed, 1000 + 10 * kLongestSample);
  EXPECT_EQ(time.engine_ticks(), 7 + 10 * kLongestSample);
}

TEST(HostTime, ACounterThatStandsBackCountsNothing) {
  HostTime time{};
  time.AddCall(kTimed, 999);
  time.AddCall(kSample, 999);
  EXPECT_EQ(time.engine_ticks(), 0u);
}

// Also of each layer alone, whatever their number.
TEST(PicksSample, OneInSixtyFour) {
  constexpr uint64_t kRounds = 64 * 256;
  for (const uint64_t layers : {1, 4, 27, 48, 61, 64, 94, 128}) {
    std::vector<uint64_t> picked(layers);
    for (uint64_t n = 0; n < layers * kRounds; ++n) {
      picked[n % layers] += PicksSample(n);
    }
    for (const uint64_t count : picked) {
      EXPECT_NEAR(static_cast<double>(count), 256.0, 26) << layers;
    }
  }
}

// What the estimate is of: calls of different lengths, one in 64 of them timed.
TEST(PicksSample, ScaledSamplesAddUpToAllCalls) {
  HostTime time{};
  uint64_t all = 0;
  for (uint64_t n = 0; n < 1'000'000; ++n) {
    const uint64_t ticks = 100 + n % 48 * 3 + n % 7;
    all += ticks;
    if (PicksSample(n)) time.AddCall({.began = n, .calls = 64}, n + ticks);
  }
  EXPECT_NEAR(static_cast<double>(time.engine_ticks()),
              static_cast<double>(all), static_cast<double>(all) / 200);
}

TEST(CostMeter, TicksBecomeNanoseconds) {
  HostTime time{};
  CostMeter meter(&time);
  meter.Start({.ticks = 5000, .ns = 77, .cpu_ns = 10});
  time.AddCall(kTimed, 1300);
  time.AddShim(40);
  time.AddShim(2);
  const Cost cost =
      meter.Read(9, {.ticks = 5000 + 30'000, .ns = 77 + 10'000, .cpu_ns = 15});
  EXPECT_EQ(cost.bytes, 9u);
  EXPECT_EQ(cost.engine_ns, 100u);
  EXPECT_EQ(cost.shim_ns, 42u);
  EXPECT_EQ(cost.writer_ns, 5u);
}

TEST(CostMeter, NothingIsTakenBack) {
  HostTime time{};
  CostMeter meter(&time);
  meter.Start({});
  time.AddCall(kTimed, 2000);
  EXPECT_EQ(meter.Read(0, {.ticks = 10, .ns = 20}).engine_ns, 2000u);
  EXPECT_EQ(meter.Read(0, {.ticks = 100, .ns = 100}).engine_ns, 2000u);
  EXPECT_EQ(meter.Read(0, {.ticks = 100, .ns = 300}).engine_ns, 3000u);
}

TEST(CostMeter, ACounterThatStandsStillSaysNothing) {
  HostTime time{};
  CostMeter meter(&time);
  meter.Start({.ticks = 10});
  time.AddCall(kTimed, 2000);
  EXPECT_EQ(meter.Read(0, {.ticks = 10, .ns = 20}).engine_ns, 0u);
}

}  // namespace
}  // namespace moetap
