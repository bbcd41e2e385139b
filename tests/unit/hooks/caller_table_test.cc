#include "hooks/caller_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace moetap {
namespace {

constexpr uintptr_t kWidth = 0x1000;

// Ranges with gaps between them, in an order that is none.
uintptr_t Begin(uint32_t n) {
  return (1 + n * 37 % CallerTable::kCallers) * 2 * kWidth;
}

TEST(CallerTable, EmptyHasNothing) {
  auto table = std::make_unique<CallerTable>();
  EXPECT_EQ(table->Find(0), -1);
  EXPECT_EQ(table->Find(UINTPTR_MAX), -1);
}

TEST(CallerTable, NumbersRangesInTheOrderOfAdding) {
  auto table = std::make_unique<CallerTable>();
  for (uint32_t n = 0; n < CallerTable::kCallers; ++n) {
    EXPECT_EQ(table->Find(Begin(n)), -1);
    EXPECT_EQ(table->Add(Begin(n), Begin(n) + kWidth), static_cast<int>(n));
    for (uint32_t m = 0; m <= n; ++m) {
      EXPECT_EQ(table->Find(Begin(m) - 1), -1);
      EXPECT_EQ(table->Find(Begin(m)), static_cast<int>(m));
      EXPECT_EQ(table->Find(Begin(m) + kWidth - 1), static_cast<int>(m));
      EXPECT_EQ(table->Find(Begin(m) + kWidth), -1);
    }
  }
}

TEST(CallerTable, AddingAgainFindsTheNumber) {
  auto table = std::make_unique<CallerTable>();
  EXPECT_EQ(table->Add(10, 20), 0);
  EXPECT_EQ(table->Add(30, 40), 1);
  EXPECT_EQ(table->Add(10, 20), 0);
}

TEST(CallerTable, FullTakesNoMore) {
  auto table = std::make_unique<CallerTable>();
  for (uint32_t n = 0; n < CallerTable::kCallers; ++n) {
    table->Add(Begin(n), Begin(n) + kWidth);
  }
  EXPECT_EQ(table->Add(1, 2), -1);
  EXPECT_EQ(table->Find(1), -1);
  EXPECT_EQ(table->Find(Begin(5)), 5);
}

TEST(CallerTable, ManyThreadsAgree) {
  auto table = std::make_unique<CallerTable>();
  constexpr int kThreads = 4;
  constexpr uint32_t kRanges = 32;
  std::atomic<int> ready = 0;
  int numbers[kThreads][kRanges];
  auto work = [&](int thread) {
    ++ready;
    while (ready < kThreads) std::this_thread::yield();
    for (uint32_t n = 0; n < kRanges; ++n) {
      numbers[thread][n] = table->Add(Begin(n), Begin(n) + kWidth);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  for (uint32_t n = 0; n < kRanges; ++n) {
    for (int i = 0; i < kThreads; ++i) {
      EXPECT_EQ(numbers[i][n], table->Find(Begin(n)));
    }
    EXPECT_EQ(table->Find(Begin(n) + kWidth), -1);
  }
}

}  // namespace
}  // namespace moetap
