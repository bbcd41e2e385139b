// The capture kernel on the host, one thread to a block.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/cuda/host_machine.h"
#include "tests/unit/plugin/cuda_ring.h"

namespace moetap {
namespace {

constexpr uint16_t kTopKs[] = {1, 3, 7, 8, 22};
constexpr uint32_t kRowCounts[] = {1, 2, 5, 92, 93, 254, 255, 1000, 5000};

void Launch(const CaptureParams& params) {
  CaptureOnHost(params, CaptureBlocks(params.rows, params.k));
}

// Ids of which many are at the edges of what is a route.
template <typename Id>
std::vector<Id> OddIds(size_t n) {
  const Id edges[] = {0,
                      1,
                      static_cast<Id>(-1),
                      static_cast<Id>(0x7F),
                      static_cast<Id>(0x80),
                      static_cast<Id>(0x7FFF),
                      static_cast<Id>(0x8000),
                      static_cast<Id>(0xFFFE),
                      static_cast<Id>(0xFFFF),
                      static_cast<Id>(0x10000),
                      static_cast<Id>(uint64_t{1} << 32),
                      std::numeric_limits<Id>::min(),
                      std::numeric_limits<Id>::max()};
  std::mt19937 random(1);
  std::vector<Id> ids(n);
  for (Id& id : ids) {
    const auto draw = random();
    id = draw % 2 ? edges[draw / 2 % std::size(edges)]
                  : static_cast<Id>(draw / 2 % 512);
  }
  return ids;
}

template <typename Id>
uint16_t Narrowed(Id id) {
  const bool is_route = std::cmp_greater_equal(id, 0) &&
                        std::cmp_less(id, uint32_t{kDeviceNoRoute});
  return is_route ? static_cast<uint16_t>(id) : kDeviceNoRoute;
}

// All published ids, in order; each slot's header must continue the last's.
std::vector<uint16_t> TakeAll(CudaRing* ring) {
  std::vector<uint16_t> ids;
  uint32_t row = 0;
  for (Slot slot; ring->Take(&slot);) {
    EXPECT_EQ(slot.header.row_offset, row);
    row += slot.header.rows;
    ids.insert(ids.end(), slot.ids.begin(), slot.ids.end());
  }
  return ids;
}

template <typename Id>
class CaptureKernelIds : public testing::Test {};
using IdTypes = testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t,
                               uint32_t, int64_t, uint64_t>;
TYPED_TEST_SUITE(CaptureKernelIds, IdTypes);

TYPED_TEST(CaptureKernelIds, AreNarrowedForEveryShapeAndAlignment) {
  for (uint16_t k : kTopKs) {
    for (uint32_t rows : kRowCounts) {
      for (size_t shift : {0, 1, 2, 3}) {
        const size_t n = size_t{rows} * k;
        const auto memory = OddIds<TypeParam>(n + shift);
        CudaRing ring(64);
        Launch(ring.Params(memory.data() + shift, rows, k));
        std::vector<uint16_t> expected;
        for (size_t i = shift; i < n + shift; ++i) {
          expected.push_back(Narrowed(memory[i]));
        }
        ASSERT_EQ(TakeAll(&ring), expected)
            << rows << " x " << k << " shifted by " << shift;
      }
    }
  }
}

TYPED_TEST(CaptureKernelIds, OfPaddingRowsAreNoRoutes) {
  for (uint16_t k : kTopKs) {
    for (uint32_t rows : kRowCounts) {
      const std::vector<TypeParam> ids(size_t{rows} * k, 5);
      std::vector<uint8_t> padding(rows);
      std::mt19937 random(rows);
      for (uint8_t& is_padding : padding) is_padding = random() % 3 == 0;
      CudaRing ring(64);
      CaptureParams params = ring.Params(ids.data(), rows, k);
      params.padding = padding.data();
      Launch(params);
      std::vector<uint16_t> expected;
      for (uint8_t is_padding : padding) {
        expected.insert(expected.end(), k, is_padding ? kDeviceNoRoute : 5);
      }
      ASSERT_EQ(TakeAll(&ring), expected) << rows << " x " << k;
    }
  }
}

std::vector<int32_t> SomeIds(size_t n) {
  std::vector<int32_t> ids(n);
  for (size_t i = 0; i < n; ++i) ids[i] = static_cast<int32_t>(i % 60000);
  return ids;
}

TEST(CaptureKernel, SplitsRowsOverSlotsWithWholeHeaders) {
  const auto ids = SomeIds(600 * 8);
  CudaRing ring(8);
  CaptureParams params = ring.Params(ids.data(), 600, 8);
  params.step = 77;
  params.layer = 47;
  Launch(params);
  uint32_t offset = 0;
  for (uint32_t rows : {254, 254, 92}) {
    Slot slot;
    ASSERT_TRUE(ring.Take(&slot));
    EXPECT_EQ(slot.header.step, 77u);
    EXPECT_EQ(slot.header.row_offset, offset);
    EXPECT_EQ(slot.header.rows, rows);
    EXPECT_EQ(slot.header.total_rows, 600u);
    EXPECT_EQ(slot.header.layer, 47u);
    EXPECT_EQ(slot.header.k, 8u);
    offset += rows;
  }
  EXPECT_EQ(ring.state().head, 3u);
}

TEST(CaptureKernel, CapturesRealRowsAlone) {
  const auto ids = SomeIds(600 * 8);
  for (uint32_t real : {0u, 1u, 253u, 254u, 255u, 599u, 600u, 601u, kAllRows}) {
    CudaRing ring(8);
    CaptureParams params = ring.Params(ids.data(), 600, 8);
    params.real_rows = real;
    Launch(params);
    const uint32_t rows = std::min(real, 600u);
    EXPECT_EQ(ring.state().head, CaptureBlocks(rows, 8)) << real;
    for (uint64_t i = 0; i < ring.state().head; ++i) {
      ASSERT_TRUE(ring.IsPublished(i));
      const auto* header = reinterpret_cast<SlotHeader*>(ring.bytes(i));
      EXPECT_EQ(header->total_rows, rows);
    }
    EXPECT_EQ(TakeAll(&ring),
              std::vector<uint16_t>(ids.begin(), ids.begin() + rows * 8));
  }
}

TEST(CaptureKernel, AStepWordCountsInsteadOfTheValues) {
  const auto ids = SomeIds(16);
  CudaRing ring(8);
  StepWord word = {};
  CaptureParams params = ring.Params(ids.data(), 2, 8);
  params.step = 5;
  params.real_rows = 2;
  params.step_word = &word;
  SetStepOnHost({&word, 123, 1});
  Launch(params);
  SetStepOnHost({&word, 124, kAllRows});
  Launch(params);
  Slot slot;
  ASSERT_TRUE(ring.Take(&slot));
  EXPECT_EQ(slot.header.step, 123u);
  EXPECT_EQ(slot.header.rows, 1u);
  ASSERT_TRUE(ring.Take(&slot));
  EXPECT_EQ(slot.header.step, 124u);
  EXPECT_EQ(slot.header.rows, 2u);
}

TEST(CaptureKernel, WritesWholeSectorsAndNothingBehindThem) {
  const auto ids = SomeIds(3 * 3);
  CudaRing ring(1);
  std::fill_n(ring.bytes(0), kSlotBytes, uint8_t{0xAB});
  Launch(ring.Params(ids.data(), 3, 3));
  const auto* written = reinterpret_cast<uint16_t*>(ring.bytes(0));
  constexpr uint32_t kFirst = sizeof(SlotHeader) / sizeof(uint16_t);
  for (uint32_t i = 0; i < 9; ++i) EXPECT_EQ(written[kFirst + i], ids[i]);
  for (uint32_t i = 9; i < 16; ++i) {
    EXPECT_EQ(written[kFirst + i], kDeviceNoRoute);
  }
  for (uint32_t i = kFirst + 16; i < kSlotBytes / 2; ++i) {
    ASSERT_EQ(written[i], 0xABAB) << i;
  }
}

TEST(CaptureKernel, CountsWhatAFullRingCannotTake) {
  const auto ids = SomeIds(600 * 8);
  CudaRing ring(3);
  CaptureParams params = ring.Params(ids.data(), 600, 8);
  params.step = 10;
  Launch(params);
  EXPECT_EQ(ring.words().dropped_rows, 0u);
  EXPECT_EQ(ring.words().dropped_first_step, UINT64_MAX);

  for (uint64_t step : {12, 11, 15}) {
    params.step = step;
    Launch(params);
  }
  EXPECT_EQ(ring.words().dropped_rows, 1800u);
  EXPECT_EQ(ring.words().dropped_first_step, 11u);
  EXPECT_EQ(ring.words().dropped_last_step, 15u);
  EXPECT_EQ(ring.state().head, 3u);

  Slot slot;
  ASSERT_TRUE(ring.Take(&slot));
  EXPECT_EQ(slot.header.step, 10u);
  Launch(params);
  EXPECT_EQ(ring.words().dropped_rows, 1800u + 346u);
  EXPECT_EQ(ring.state().head, 4u);
}

TEST(CaptureKernel, WrapsAroundForManyLaps) {
  CudaRing ring(5);
  uint64_t launched = 0, taken = 0;
  std::mt19937 random(3);
  while (taken < 1000) {
    for (auto room = random() % 6; launched - taken < 5 && room > 0; --room) {
      const auto id = static_cast<int32_t>(launched);
      CaptureParams params = ring.Params(&id, 1, 1);
      params.step = launched++;
      Launch(params);
    }
    Slot slot;
    for (auto n = random() % 6; n > 0 && ring.Take(&slot); --n) {
      ASSERT_EQ(slot.header.step, taken);
      ASSERT_EQ(slot.ids, std::vector{static_cast<uint16_t>(taken)});
      ++taken;
    }
  }
  EXPECT_EQ(ring.words().dropped_rows, 0u);
}

TEST(CaptureKernel, LooksAtTheReaderOnlyWhenItsCacheSaysFull) {
  const auto ids = SomeIds(8);
  CudaRing ring(4);
  CaptureParams params = ring.Params(ids.data(), 1, 8);
  params.words = nullptr;  // as long as there is room nobody looks
  for (int i = 0; i < 4; ++i) Launch(params);

  params.words = &ring.words();
  Slot slot;
  ASSERT_TRUE(ring.Take(&slot));
  ASSERT_TRUE(ring.Take(&slot));
  EXPECT_EQ(ring.state().consumed, 0u);
  Launch(params);
  EXPECT_EQ(ring.state().consumed, 2u);
  params.words = nullptr;
  Launch(params);
  EXPECT_EQ(ring.state().head, 6u);
}

}  // namespace
}  // namespace moetap
