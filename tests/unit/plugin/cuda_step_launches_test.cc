#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "plugin/cuda/step_launches.h"

namespace moetap {
namespace {

TEST(StepLaunches, CountsFromTheBeginningOfAStep) {
  StepLaunches launches{};
  EXPECT_EQ(launches.Next(7), 0u);
  EXPECT_EQ(launches.Next(7), 1u);
  EXPECT_EQ(launches.Next(8), 0u);
  EXPECT_EQ(launches.Next(8), 1u);
}

TEST(StepLaunches, StaysAtItsHighestCount) {
  StepLaunches launches{};
  for (int i = 0; i < 70000; ++i) launches.Next(3);
  EXPECT_GE(launches.Next(3), 65000u);
  EXPECT_EQ(launches.Next(4), 0u);
}

TEST(StepLaunches, ThreadsNeverShareAnOrdinal) {
  StepLaunches launches{};
  std::vector<uint32_t> seen[2];
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&launches, &mine] {
      for (int i = 0; i < 10000; ++i) mine.push_back(launches.Next(1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint32_t> all(seen[0].begin(), seen[0].end());
  all.insert(seen[1].begin(), seen[1].end());
  EXPECT_EQ(all.size(), 20000u);
}

}  // namespace
}  // namespace moetap
