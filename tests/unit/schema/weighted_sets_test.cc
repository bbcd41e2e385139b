#include "schema/weighted_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/schema/set_shapes.h"

namespace moetap {
namespace {

class WeightedSetsTest : public SetShapesTest {
 protected:
  // Empty: the layout cannot hold them.
  std::vector<uint8_t> Encode(const Ids& sets) {
    std::vector<uint8_t> out(sets.size() * 4 + 65536);
    out.resize(EncodeWeightedSets(groups_, sets.data(), work_.get(), out));
    return out;
  }

  // Empty: refused.
  Ids Decode(Bytes bytes, int id_bytes) {
    Ids sets(ids_);
    const bool read =
        DecodeWeightedSets(groups_, bytes, id_bytes, work_.get(), sets.data());
    return read ? sets : Ids();
  }

  // An id's weight is (id + 1)^-skew: distinct ids, ascending.
  Ids Random(uint32_t seed, uint16_t experts, uint16_t k, double skew) {
    std::mt19937 random(seed);
    std::vector<double> weights(experts);
    for (size_t i = 0; i < experts; ++i) {
      weights[i] = std::pow(static_cast<double>(i + 1), -skew);
    }
    std::discrete_distribution<uint16_t> draw(weights.begin(), weights.end());
    Ids sets;
    for (; sets.size() < ids_;) {
      Ids set;
      while (set.size() < k) {
        const uint16_t id =
            k == experts ? static_cast<uint16_t>(set.size()) : draw(random);
        if (std::find(set.begin(), set.end(), id) == set.end()) {
          set.push_back(id);
        }
      }
      std::sort(set.begin(), set.end());
      sets.insert(sets.end(), set.begin(), set.end());
    }
    return sets;
  }

  double BitsPerSet(const Ids& sets) {
    const auto bytes = Encode(sets);
    EXPECT_FALSE(bytes.empty());
    return static_cast<double>(bytes.size()) * 8 * groups_.front().k /
           static_cast<double>(ids_);
  }

  std::unique_ptr<WeightedWorkspace> work_{new WeightedWorkspace};
};

TEST_F(WeightedSetsTest, EverySetComesBackAsItWas) {
  uint32_t seed = 0;
  for (const uint16_t k : Ids{1, 2, 3, 7, 8, 9, 16, 60}) {
    for (const uint16_t experts : Ids{1, 2, 8, 60, 255, 256, 257, 1000}) {
      if (experts < k) continue;
      for (const double skew : {0.0, 1.0}) {
        SCOPED_TRACE(std::to_string(k) + " of " + std::to_string(experts));
        SetShape(k, {{1, 0}, {60, 0}, {0, 1}, {7, 1}, {1, 2}, {3, 3}, {20, 0}});
        const Ids sets = Random(++seed, experts, k, skew);
        const auto bytes = Encode(sets);
        ASSERT_FALSE(bytes.empty());
        EXPECT_EQ(Decode(bytes, experts > 256 ? 2 : 1), sets);
      }
    }
  }
}

TEST_F(WeightedSetsTest, OneSetAndOneRepeatedSetComeBack) {
  SetShape(3, {{1, 2}});
  const Ids set = {0, 100, 4095};
  EXPECT_EQ(Decode(Encode(set), 2), set);
  SetShape(3, {{5000, 2}});
  const Ids other = {0, 100, 199};
  Ids sets;
  for (size_t i = 0; i < ids_; ++i) sets.push_back(other[i % 3]);
  EXPECT_EQ(Decode(Encode(sets), 1), sets);
  EXPECT_LT(BitsPerSet(sets), 0.3);
}

TEST_F(WeightedSetsTest, UnlikelySetsComeBackToo) {
  SetShape(8, {{2000, 2}});
  Ids sets = Random(1, 16, 8, 0);
  const Ids last = {248, 249, 250, 251, 252, 253, 254, 255};
  std::copy(last.begin(), last.end(), sets.begin() + 8 * 1001);
  EXPECT_EQ(Decode(Encode(sets), 1), sets);
}

TEST_F(WeightedSetsTest, SetsTakeTheBitsOfTheirPopularity) {
  SetShape(8, {{2000, 0}});
  const double uniform =
      (std::lgamma(257) - std::lgamma(9) - std::lgamma(249)) / std::log(2);
  EXPECT_LT(BitsPerSet(Random(1, 256, 8, 0)), uniform * 1.002);
  // With replacement a set would take 8 times the entropy of an id, less the
  // order; without, a set takes less.
  double sum = 0;
  double entropy = 0;
  for (int i = 1; i <= 256; ++i) sum += 1.0 / i;
  for (int i = 1; i <= 256; ++i) entropy += std::log2(sum * i) / (sum * i);
  const double skewed = 8 * entropy - std::log2(40320);
  EXPECT_LT(BitsPerSet(Random(1, 256, 8, 1)), uniform * 0.8);
  EXPECT_NEAR(BitsPerSet(Random(1, 256, 8, 1)), skewed, 6);
}

// Every place around the ends of intervals, and others, against a plain search.
TEST_F(WeightedSetsTest, PlacesAreFoundAsAPlainSearchFindsThem) {
  std::mt19937 random(11);
  WeightModel& model = work_->model;
  for (const uint16_t k : Ids{1, 2, 8, 15}) {
    for (const uint16_t symbols : Ids{15, 16, 60, 257, 4000}) {
      std::vector<uint8_t> levels(symbols);
      for (uint8_t& level : levels) {
        level = static_cast<uint8_t>(random() % (random() % 32 + 1));
      }
      ASSERT_TRUE(WeightModel::Fits(1, symbols, k));
      model.Build(levels.data(), symbols, k);
      model.BuildCells();
      for (size_t left = 1; left <= k; ++left) {
        const uint32_t* tail = model.tails(left);
        for (int round = 0; round < 200; ++round) {
          const size_t from = random() % (symbols + 1u - left);
          const size_t id = from + random() % (symbols + 1u - left - from);
          const uint64_t other = random() % tail[from];
          for (const uint64_t place :
               {uint64_t{tail[id]} - 1, uint64_t{tail[id + 1]}, other}) {
            size_t expected = from;
            while (tail[expected + 1] > place) ++expected;
            EXPECT_EQ(model.Find(left, from, static_cast<uint32_t>(place)),
                      expected);
          }
        }
      }
    }
  }
}

// docs/log_format.md describes these bytes.  The first layer has weights, in
// the second all ids are as popular.
TEST_F(WeightedSetsTest, TheBytesOnDiskAreThese) {
  SetShape(2, {{16, 1}});
  Ids sets;
  for (uint16_t row = 0; row < 16; ++row) {
    const uint16_t second = row < 10 ? 1 : row < 14 ? 2 : 3;
    const auto third = static_cast<uint16_t>((row * 2 + 1) % 3);
    sets.insert(sets.end(), {0, second, third, 3});
  }
  const std::vector<uint8_t> expected = {
      4,   0,   0,   0,   3,  0,   0,   0,   2,   0,   0,   0,
      2,   0,   0,   0,   2,  0,   0,   0,  // symbols, words of each stream
      176, 250, 90,  2,   16, 46,  62,  2,   240, 89,  173, 123,
      6,   102, 158, 179, 93, 208, 199, 110, 223, 148, 254, 137,
      165, 133, 130, 64,  56, 83,  112, 138, 193, 190, 185, 29,
  };
  EXPECT_EQ(Encode(sets), expected);
  EXPECT_EQ(Decode(expected, 1), sets);
}

TEST_F(WeightedSetsTest, WhatItCannotHoldIsLeftToAnotherLayout) {
  SetShape(2, {{1, 2}});
  EXPECT_FALSE(Encode({3, 4}).empty());
  EXPECT_TRUE(Encode({3, 3}).empty());         // twice
  EXPECT_TRUE(Encode({3, kNoRoute}).empty());  // as many symbols
  groups_.push_back({1, 3, 2, 1, kSlots[2].data()});
  EXPECT_TRUE(Encode({3, 4, 5, 6, 7}).empty());  // two k
  groups_.clear();
  EXPECT_TRUE(Encode({}).empty());
  SetShape(65, {{1, 2}});
  Ids wide(65);
  std::iota(wide.begin(), wide.end(), 0);
  EXPECT_TRUE(Encode(wide).empty());
  SetShape(8, {{100, 0}});
  const Ids sets = Random(1, 256, 8, 0);
  std::vector<uint8_t> small(1000);
  EXPECT_EQ(EncodeWeightedSets(groups_, sets.data(), work_.get(), small), 0u);
}

TEST_F(WeightedSetsTest, BytesOfAnotherSizeAreRefused) {
  SetShape(8, {{30, 0}});
  const auto bytes = Encode(Random(7, 256, 8, 0));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(Decode(Bytes(bytes).first(size), 1).empty()) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_TRUE(Decode(longer, 1).empty());
}

TEST_F(WeightedSetsTest, SymbolsThatCannotBeAreRefused) {
  SetShape(8, {{30, 0}});
  auto bytes = Encode(Random(7, 256, 8, 0));
  for (const uint32_t symbols : {0u, 7u, 257u, 65535u, 0xFFFFFFFFu}) {
    std::memcpy(bytes.data(), &symbols, sizeof(symbols));
    EXPECT_TRUE(Decode(bytes, 1).empty()) << symbols;
  }
}

// Whatever is changed, what comes back are sets that can be, or nothing.
TEST_F(WeightedSetsTest, ChangedBytesGiveSetsOrAreRefused) {
  std::mt19937 random(3);
  SetShape(8, {{20, 0}, {5, 1}});
  int refused = 0;
  for (int round = 0; round < 1000; ++round) {
    auto bytes = Encode(Random(static_cast<uint32_t>(round), 200, 8, 1));
    for (uint64_t i = random() % 3 + 1; i > 0; --i) {
      const size_t at = random() % (round % 3 == 0 ? 20 : bytes.size());
      bytes[at] = static_cast<uint8_t>(random());
    }
    uint32_t symbols;
    std::memcpy(&symbols, bytes.data(), sizeof(symbols));
    const Ids sets = Decode(bytes, 1);
    refused += sets.empty();
    for (size_t i = 0; i < sets.size(); ++i) {
      EXPECT_LT(sets[i], symbols);
      if (i % 8 != 0) {
        EXPECT_LT(sets[i - 1], sets[i]);
      }
    }
  }
  EXPECT_GT(refused, 900);  // nearly every change leaves something over
}

}  // namespace
}  // namespace moetap
