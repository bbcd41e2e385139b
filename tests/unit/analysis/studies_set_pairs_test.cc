#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "analysis/studies/set_pairs.h"
#include "schema/block_format.h"

namespace moetap {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;

using Ids = std::vector<uint16_t>;

// k ids below `experts`, no two equal, in no order.
Ids RandomIds(std::mt19937* random, uint32_t experts, uint32_t k) {
  Ids all(experts);
  std::iota(all.begin(), all.end(), uint16_t{0});
  std::ranges::shuffle(all, *random);
  all.resize(k);
  return all;
}

struct Shape {
  uint32_t experts;
  uint32_t k;
  uint32_t rows;
};

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes;
  for (uint32_t k = 1; k <= 22; ++k) {
    shapes.push_back({22 + 53 * (k - 1), k, 60 + k});
  }
  for (const uint32_t rows : {1, 63, 64, 65, 511, 512, 513, 1100}) {
    shapes.push_back({256, 8, rows});
  }
  for (const uint32_t k : {8, 15, 16, 31, 32, 64, 127, 128, 254}) {
    shapes.push_back({k, k, 70});
  }
  shapes.push_back({1024, 254, 600});
  shapes.push_back({65535, 4, 130});
  return shapes;
}

// What set_pairs.h says, from the ids themselves.
class Reference {
 public:
  // About one set of nine is not usable, a third of them for each cause.
  Reference(const Shape& shape, uint32_t seed) : shape_(shape) {
    std::mt19937 random(seed);
    Ids ids;
    for (uint32_t row = 0; row < shape.rows; ++row) {
      // Rows resemble the one before, so that all sizes occur.
      const Ids fresh = RandomIds(&random, shape.experts, shape.k);
      ids.resize(random() % (ids.size() + 1));
      std::ranges::copy_if(fresh, std::back_inserter(ids), [&](uint16_t id) {
        return ids.size() < shape.k && std::ranges::count(ids, id) == 0;
      });
      rows_.push_back(ids);
      Spoil(static_cast<uint32_t>(random() % 27), &rows_.back());
    }
  }

  SetState State(uint32_t row) const {
    const Ids& ids = rows_[row];
    if (std::ranges::count(ids, kNoRoute) > 0) return SetState::kUnrouted;
    const std::set<uint16_t> set(ids.begin(), ids.end());
    return set.size() == ids.size() && *set.rbegin() < shape_.experts
               ? SetState::kUsable
               : SetState::kMalformed;
  }

  bool usable(uint32_t row) const { return State(row) == SetState::kUsable; }

  uint32_t Size(uint32_t a, uint32_t b) const {
    if (!usable(a) || !usable(b)) return 0;
    const std::set<uint16_t> left(rows_[a].begin(), rows_[a].end());
    return static_cast<uint32_t>(std::ranges::count_if(
        rows_[b], [&](uint16_t id) { return left.contains(id); }));
  }

  const Ids& ids(uint32_t row) const { return rows_[row]; }

 private:
  void Spoil(uint32_t how, Ids* ids) const {
    if (how == 0) ids->back() = kNoRoute;
    if (how == 1) ids->push_back(ids->front());
    if (how == 2) ids->back() = static_cast<uint16_t>(shape_.experts);
  }

  Shape shape_;
  std::vector<Ids> rows_;
};

class SetPairsTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    column_.Reset(GetParam().rows, GetParam().experts);
    for (uint32_t row = 0; row < GetParam().rows; ++row) {
      ASSERT_EQ(column_.Write(row, reference_.ids(row)), reference_.State(row));
    }
  }

  // Of rows [begin, end) with `row`; checks what lies beyond the room.
  std::vector<uint8_t> Sizes(uint32_t row, uint32_t begin, uint32_t end,
                             PairPath path) const {
    const size_t room = (end - begin + 63) / 64 * 64;
    std::vector<uint8_t> sizes(room + 64, 0xA5);
    Intersect(column_, row, begin, end, sizes.data(), path);
    EXPECT_THAT(std::vector(sizes.begin() + room, sizes.end()), Each(0xA5));
    sizes.resize(end - begin);
    return sizes;
  }

  Reference reference_{GetParam(), GetParam().experts + GetParam().rows};
  SetColumn column_;
};

// Enough of them: the reference is slow.
std::vector<uint32_t> SomeRows(uint32_t rows) {
  std::vector<uint32_t> some;
  for (uint32_t row = 0; row < rows; row += 1 + rows / 20) some.push_back(row);
  some.push_back(rows - 1);
  return some;
}

TEST_P(SetPairsTest, KnowsUsableRows) {
  ASSERT_EQ(column_.rows(), GetParam().rows);
  for (uint32_t row = 0; row < GetParam().rows; ++row) {
    EXPECT_EQ(column_.usable(row), reference_.usable(row));
  }
  if (GetParam().rows % 64 != 0) {
    EXPECT_EQ(
        column_.usable_mask()[GetParam().rows / 64] >> GetParam().rows % 64, 0);
  }
}

TEST_P(SetPairsTest, SizesAsOfStdSets) {
  const uint32_t rows = GetParam().rows;
  for (const uint32_t row : SomeRows(rows)) {
    std::vector<uint8_t> expected;
    for (uint32_t b = 0; b < rows; ++b) {
      expected.push_back(static_cast<uint8_t>(reference_.Size(row, b)));
    }
    for (const PairPath path : PairPaths()) {
      for (const uint32_t begin : {0u, row / 64 * 64}) {
        const std::vector<uint8_t> part(expected.begin() + begin,
                                        expected.end());
        ASSERT_EQ(Sizes(row, begin, rows, path), part)
            << "row " << row << " path " << int(path) << " from " << begin;
      }
    }
  }
}

TEST_P(SetPairsTest, AnEndInTheMiddle) {
  const uint32_t rows = GetParam().rows;
  for (uint32_t end = 1; end < rows; end += 1 + rows / 9) {
    const auto sizes = Sizes(rows - 1, 0, end, PairPath::kScalar);
    for (const PairPath path : PairPaths()) {
      ASSERT_EQ(Sizes(rows - 1, 0, end, path), sizes) << int(path);
    }
  }
}

TEST_P(SetPairsTest, HistogramsAsOfStdSets) {
  const auto [experts, k, rows] = GetParam();
  std::mt19937 random(rows);
  constexpr uint32_t kOutputs = 5;
  const size_t words = (size_t{rows} + 63) / 64;
  std::vector<std::vector<uint64_t>> masks(kOutputs,
                                           std::vector<uint64_t>(words));
  for (uint32_t b = 0; b < rows; ++b) {
    // Masks overlap; the last chooses nothing.
    for (uint32_t o = 0; o + 1 < kOutputs; ++o) {
      masks[o][b / 64] |= uint64_t{random() % (o + 1) == 0} << b % 64;
    }
  }
  const uint32_t row = rows / 2;
  std::vector<std::vector<uint64_t>> expected(
      kOutputs, std::vector<uint64_t>(k + 2, 1000));
  for (uint32_t o = 0; o < kOutputs; ++o) {
    for (uint32_t b = 0; b < rows; ++b) {
      if ((masks[o][b / 64] >> b % 64 & 1) == 0) continue;
      const bool usable = reference_.usable(b);
      ++expected[o][usable ? reference_.Size(row, b) : k + 1];
    }
  }
  for (const PairPath path : PairPaths()) {
    std::vector<std::vector<uint64_t>> bins(kOutputs,
                                            std::vector<uint64_t>(k + 2, 1000));
    auto also = bins;
    std::vector<MaskedBins> outputs;
    for (uint32_t o = 0; o < kOutputs; ++o) {
      outputs.push_back({masks[o].data(), bins[o].data(),
                         o % 2 == 0 ? also[o].data() : nullptr});
    }
    std::vector<uint8_t> sizes((rows + 63) / 64 * 64);
    Intersect(column_, row, 0, rows, sizes.data(), path);
    AddHistogram(sizes.data(), column_.usable_mask(), rows, k, outputs, path);
    EXPECT_EQ(bins, expected) << int(path);
    for (uint32_t o = 0; o < kOutputs; ++o) {
      const std::vector<uint64_t> untouched(k + 2, 1000);
      EXPECT_EQ(also[o], o % 2 == 0 ? expected[o] : untouched) << int(path);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SetPairsTest, ::testing::ValuesIn(Shapes()),
                         [](const auto& test) {
                           const Shape& shape = test.param;
                           return std::to_string(shape.experts) + "_" +
                                  std::to_string(shape.k) + "_" +
                                  std::to_string(shape.rows);
                         });

TEST(PairPathsTest, ScalarFirst) {
  EXPECT_EQ(PairPaths().front(), PairPath::kScalar);
  EXPECT_THAT(PairPaths(), Contains(BestPairPath()));
}

TEST(SetColumnTest, SaysWhyASetIsNotUsable) {
  SetColumn column;
  column.Reset(5, 16);
  EXPECT_EQ(column.Write(0, Ids{0, 15}), SetState::kUsable);
  EXPECT_EQ(column.Write(1, Ids{3, kNoRoute}), SetState::kUnrouted);
  EXPECT_EQ(column.Write(2, Ids{3, 16}), SetState::kMalformed);
  EXPECT_EQ(column.Write(3, Ids{3, 4, 3}), SetState::kMalformed);
  EXPECT_EQ(column.Write(4, Ids{16, kNoRoute}), SetState::kUnrouted);
  EXPECT_EQ(column.usable_mask()[0], 1);
}

TEST(SetColumnTest, ARowTakesNoMoreExpertsThanAByteCounts) {
  std::mt19937 random(1);
  SetColumn column;
  column.Reset(2, 1000);
  EXPECT_EQ(column.Write(0, RandomIds(&random, 1000, kMaxSetSize)),
            SetState::kUsable);
  EXPECT_EQ(column.Write(1, RandomIds(&random, 1000, kMaxSetSize + 1)),
            SetState::kMalformed);
}

TEST(SetColumnTest, NothingIsLeftAfterReset) {
  std::mt19937 random(2);
  SetColumn column;
  for (const uint32_t rows : {70u, 600u, 3u, 64u, 65u}) {
    column.Reset(rows, 64);
    for (uint32_t row = 0; row < rows; ++row) {
      EXPECT_FALSE(column.usable(row));
      column.Write(row, RandomIds(&random, 64, 30));
    }
    column.Reset(rows + 1, 64);
    column.Write(rows, RandomIds(&random, 64, 64));
    std::vector<uint8_t> sizes(rows / 64 * 64 + 64);
    for (const PairPath path : PairPaths()) {
      Intersect(column, rows, 0, rows + 1, sizes.data(), path);
      EXPECT_EQ(sizes[rows], 64);
      sizes[rows] = 0;
      EXPECT_THAT(sizes, Each(0)) << int(path);
    }
  }
}

TEST(SetColumnTest, ASetWithoutExpertsIsUsable) {
  SetColumn column;
  column.Reset(1, 8);
  EXPECT_EQ(column.Write(0, Ids{}), SetState::kUsable);
  uint8_t sizes[64];
  uint64_t bins[2]{};
  const uint64_t mask = 1;
  const MaskedBins output{&mask, bins};
  for (const PairPath path : PairPaths()) {
    Intersect(column, 0, 0, 1, sizes, path);
    AddHistogram(sizes, column.usable_mask(), 1, 0, {&output, 1}, path);
  }
  EXPECT_THAT(bins, ElementsAre(PairPaths().size(), 0));
}

}  // namespace
}  // namespace moetap
