#include "schema/ranked_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/schema/plain_ranked_decoder.h"
#include "tests/unit/schema/set_shapes.h"

namespace moetap {
namespace {

class RankedSetsTest : public SetShapesTest {
 protected:
  // Empty: the layout cannot hold them.
  std::vector<uint8_t> Encode(const Ids& sets, int id_bytes, bool references) {
    std::vector<uint8_t> out(sets.size() * 4 + 65536);
    out.resize(EncodeRankedSets(groups_, sets.data(), id_bytes, references,
                                work_.get(), out));
    return out;
  }

  // Empty: refused.
  Ids Decode(Bytes bytes, int id_bytes) {
    Ids sets(ids_);
    const bool read =
        DecodeRankedSets(groups_, bytes, id_bytes, work_.get(), sets.data());
    return read ? sets : Ids();
  }

  void ExpectRoundTrip(const Ids& sets, int id_bytes) {
    ASSERT_EQ(sets.size(), ids_);
    for (const bool references : {false, true}) {
      const auto bytes = Encode(sets, id_bytes, references);
      ASSERT_FALSE(bytes.empty());
      EXPECT_EQ(Decode(bytes, id_bytes), sets) << references;
    }
  }

  // What comes of `bytes` is what a plain reader makes of them.
  void ExpectReadPlainly(const std::vector<uint8_t>& bytes, int id_bytes) {
    PlainRankedDecoder plain;
    const auto expected = plain.Decode(groups_, bytes, id_bytes == 2);
    EXPECT_EQ(Decode(bytes, id_bytes), expected.value_or(Ids()));
  }

  // Rows that repeat earlier ones with some ids changed, as forks do.
  Ids Random(uint32_t seed, uint16_t experts, uint16_t k, bool holes) {
    std::mt19937 random(seed);
    Ids sets;
    while (sets.size() < ids_) {
      Ids set(k);
      if (sets.size() > 40u * k && random() % 4 != 0) {
        const size_t back = (random() % 8 + 1) * k * 5;
        std::copy_n(sets.end() - static_cast<ptrdiff_t>(back), k, set.begin());
        if (random() % 2 == 0) set[random() % k] = Id(random(), experts);
      } else {
        for (uint16_t& id : set) id = Id(random(), experts);
      }
      if (holes && random() % 16 == 0)
        std::fill(set.begin(), set.end(), kNoRoute);
      std::sort(set.begin(), set.end());
      sets.insert(sets.end(), set.begin(), set.end());
    }
    return sets;
  }

  std::unique_ptr<RankedWorkspace> work_{new RankedWorkspace};

 private:
  // Small ids more often; ids may repeat within a set.
  static uint16_t Id(uint64_t random, uint16_t experts) {
    return static_cast<uint16_t>(
        std::min(random % experts, random / 65536 % experts));
  }
};

TEST_F(RankedSetsTest, EverySetComesBackAsItWas) {
  uint32_t seed = 0;
  for (const uint16_t k : Ids{1, 2, 7, 8, 9, 16, 17, 100}) {
    for (const uint16_t experts : Ids{1, 3, 60, 255, 256, 257, 1000, 40000}) {
      SCOPED_TRACE(std::to_string(k) + " of " + std::to_string(experts));
      SetShape(k, {{1, 0}, {60, 0}, {0, 1}, {7, 1}, {1, 2}, {20, 0}});
      if (experts <= 256) {
        ExpectRoundTrip(Random(++seed, experts, k, false), 1);
      }
      ExpectRoundTrip(Random(++seed, experts, k, true), 2);
    }
  }
}

// Layers take turns within tiles of 16,384 ids: tiles, what is left of them and
// of vectors, lists with a layer twice, lists longer than a tile.
TEST_F(RankedSetsTest, RowsOfAnyNumberComeBack) {
  for (uint32_t rows = 1; rows < 140; ++rows) {
    SCOPED_TRACE(rows);
    SetShape(8, {{rows, 2}});
    ExpectRoundTrip(Random(rows, 256, 8, false), 1);
    ExpectRoundTrip(Random(rows, 300, 8, true), 2);
    SetShape(3, {{rows, 3}, {1, 1}, {rows, 1}});
    ExpectRoundTrip(Random(rows, 100, 3, true), 2);
  }
  for (const uint16_t k : Ids{6, 8, 16, 100}) {
    SetShape(k, {{16000u / k, 0}, {1, 0}, {24000u / k, 0}});
    ExpectRoundTrip(Random(k, 256, k, false), 1);
  }
}

TEST_F(RankedSetsTest, ARowLongerThanATileComesBack) {
  Ids slots(4096);
  std::iota(slots.begin(), slots.end(), uint16_t{0});
  for (const uint16_t k : Ids{8, 20}) {
    groups_ = {{3, k, 0, 4096, slots.data()}};
    ids_ = size_t{3} * 4096 * k;
    ExpectRoundTrip(Random(k, 60, k, false), 1);
  }
}

TEST_F(RankedSetsTest, ChangedBytesAreReadAsAPlainReaderReadsThem) {
  std::mt19937 random(5);
  for (const uint16_t k : Ids{1, 3, 6, 8, 9, 17}) {
    for (const uint16_t experts : Ids{8, 100, 256, 257, 700}) {
      const bool wide = experts > 256 || random() % 2 == 0;
      SetShape(k, {{90, 0}, {1, 3}, {0, 1}, {37, 1}, {40, 2}});
      const bool references = random() % 2 == 0;
      const auto good = Encode(Random(k * experts, experts, k, wide),
                               wide ? 2 : 1, references);
      ExpectReadPlainly(good, wide ? 2 : 1);
      for (int round = 0; round < 40; ++round) {
        auto bytes = good;
        const size_t first = round % 4 == 0 ? 0 : sizeof(RankedHeader);
        const size_t at = first + random() % (bytes.size() - first);
        bytes[at] = static_cast<uint8_t>(round % 3 == 0 ? random() : 1);
        ExpectReadPlainly(bytes, wide ? 2 : 1);
      }
    }
  }
}

// A sum of differences is refused before it is cut to the width of a rank.
TEST_F(RankedSetsTest, RanksBeyondTheLastAreRefused) {
  SetShape(8, {{31, 2}});  // no ranking yet
  auto bytes = Encode(Ids(ids_, 255), 1, false);
  ASSERT_FALSE(Decode(bytes, 1).empty());
  for (size_t set = 0; set < 31; ++set) {
    auto wrong = bytes;
    wrong[sizeof(RankedHeader) + 31 * 4 + set] = 1;  // 255 + 1
    EXPECT_TRUE(Decode(wrong, 1).empty()) << set;
  }
  bytes = Encode(Ids(ids_, 65534), 2, false);
  ASSERT_FALSE(Decode(bytes, 2).empty());
  for (size_t set = 0; set < 31; ++set) {
    auto wrong = bytes;
    wrong[sizeof(RankedHeader) + 31 * 4 + set] = 2;  // 65534 + 2
    EXPECT_TRUE(Decode(wrong, 2).empty()) << set;
  }
}

TEST_F(RankedSetsTest, TheLargestIdsComeBack) {
  SetShape(2, {{2, 2}});
  ExpectRoundTrip({0, 65534, 65534, kNoRoute}, 2);
  ExpectRoundTrip({kNoRoute, kNoRoute, kNoRoute, kNoRoute}, 2);
  ExpectRoundTrip({0, 255, 255, 255}, 1);
}

// docs/log_format.md describes these bytes.
TEST_F(RankedSetsTest, TheBytesOnDiskAreThese) {
  SetShape(3, {{3, 1}});
  const Ids sets = {1, 5, 9, 2, 3, 4,   // as ranks: 1 4 4, 2 1 1
                    1, 5, 9, 2, 3, 7,   // from one row before: same, 7 new
                    0, 6, 8, 6, 6, 7};  // whole
  const auto bytes = Encode(sets, 1, true);
  const std::vector<uint8_t> expected = {
      10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,  // symbols, references, flags
      1,  0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0,  // masks, whole, single
      0,  1, 0, 0, 0, 0,                    // distances: low, high bytes
      1,                                    // the first set is the same
      3,                                    // two ids kept
      1,  2, 0, 6, 4, 1, 6, 0, 4, 1, 2, 1,  // first, second, third ranks
      7};
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(Decode(expected, 1), sets);
}

TEST_F(RankedSetsTest, RowsThatRepeatCostNothingButTheirDistance) {
  SetShape(8, {{100, 0}});
  Ids sets(ids_);
  for (size_t i = 0; i < ids_; ++i) {
    sets[i] = static_cast<uint16_t>(i % 8 + i / 8 % 5 * 11);
  }
  EXPECT_LT(Encode(sets, 1, true).size(),
            sizeof(RankedHeader) + 40 + 2 * 100 + 100);
  EXPECT_GT(Encode(sets, 1, false).size(), ids_);
}

TEST_F(RankedSetsTest, WhatItCannotHoldIsLeftToAnotherLayout) {
  SetShape(2, {{2, 0}});
  groups_.push_back({1, 3, 2, 1, kSlots[2].data()});
  EXPECT_TRUE(Encode(Ids(23), 1, true).empty());
  SetShape(1, {{1, 0}});  // five layers of 60,000 experts
  EXPECT_TRUE(Encode({59999, 1, 1, 1, 1}, 2, true).empty());
  groups_.clear();
  EXPECT_TRUE(Encode({}, 1, true).empty());
  SetShape(8, {{100, 0}});
  const Ids sets = Random(1, 256, 8, false);
  std::vector<uint8_t> small(1000);
  EXPECT_EQ(EncodeRankedSets(groups_, sets.data(), 1, true, work_.get(), small),
            0u);
}

TEST_F(RankedSetsTest, BytesOfAnotherSizeAreRefused) {
  SetShape(8, {{30, 0}});
  const auto bytes = Encode(Random(7, 256, 8, false), 1, true);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(Decode(Bytes(bytes).first(size), 1).empty()) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_TRUE(Decode(longer, 1).empty());
}

// Whatever is changed, what comes back are ids that can be, or nothing.
TEST_F(RankedSetsTest, ChangedBytesGiveSetsOrAreRefused) {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    const bool wide = round % 2 == 0;
    const uint16_t experts = wide ? 300 : 200;
    SetShape(8, {{20, 0}, {5, 1}});
    auto bytes = Encode(Random(static_cast<uint32_t>(round), experts, 8, wide),
                        wide ? 2 : 1, true);
    for (uint64_t i = random() % 3 + 1; i > 0; --i) {
      const size_t at = random() % (round % 3 == 0 ? 24 : bytes.size());
      bytes[at] = static_cast<uint8_t>(random());
    }
    uint32_t symbols;
    std::memcpy(&symbols, bytes.data(), sizeof(symbols));
    const Ids sets = Decode(bytes, wide ? 2 : 1);
    for (size_t i = 0; i < sets.size(); ++i) {
      EXPECT_TRUE(sets[i] < symbols || (wide && sets[i] == kNoRoute));
      if (i % 8 != 0) {
        EXPECT_LE(sets[i - 1], sets[i]);
      }
    }
  }
}

TEST_F(RankedSetsTest, AReferenceToARowOfOtherLayersIsRefused) {
  SetShape(1, {{1, 0}, {1, 1}});
  auto bytes = Encode({9, 8, 7, 6, 5, 4, 3}, 1, true);
  ASSERT_FALSE(Decode(bytes, 1).empty());
  bytes[8] = 2;                         // flags
  bytes[sizeof(RankedHeader) + 1] = 1;  // row 1 names row 0
  bytes.insert(bytes.begin() + sizeof(RankedHeader) + 4, 3);
  bytes[16] = 5;  // whole
  bytes.resize(bytes.size() - 2);
  EXPECT_TRUE(Decode(bytes, 1).empty());
  bytes[sizeof(RankedHeader) + 1] = 2;  // a row before the first
  EXPECT_TRUE(Decode(bytes, 1).empty());
}

}  // namespace
}  // namespace moetap
