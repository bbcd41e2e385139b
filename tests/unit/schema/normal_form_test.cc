#include "schema/normal_form.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>
#include <vector>

#include "schema/block_builder.h"
#include "tests/unit/schema/records.h"

namespace moetap {
namespace {

class NormalFormTest : public testing::Test {
 protected:
  // A block with something of most kinds, and sets: rows that repeat, or sets
  // that differ (ids modulo a prime, in steps that are no multiple of it).
  std::vector<uint8_t> Build(const Measure& measure, bool repeat = true) {
    const size_t size = BlockBuilder::ArenaBytes();
    const std::unique_ptr<uint8_t[]> arena(new uint8_t[size]);
    BlockBuilder builder({arena.get(), size});
    ByteVector fact;
    Append(&fact, std::string_view("model\0tiny", 10));
    builder.Add(RecordType::kFact, fact);
    builder.Add(RecordType::kLayer,
                Record(LayerRecord{0, 3, 2, 0, 60, 0}, "cpu_fused_moe"));
    builder.Add(RecordType::kRequest, Record(RequestRecord{4, 11, 2}, "a"));
    builder.Add(RecordType::kEvent, Record(EventRecord{3, 4, 1, 0, 5, 0}, ""));
    builder.Add(RecordType::kDrop, Record(DropRecord{1, 2, 30, 4}, ""));
    for (uint64_t step = 1; step < 100; ++step) {
      for (const uint16_t slot : std::vector<uint16_t>{0, 1}) {
        std::vector<uint16_t> ids(8 * 9);
        for (size_t i = 0; i < ids.size(); ++i) {
          const size_t set = (step * 9 + i / 8) * 2 + slot;
          ids[i] = static_cast<uint16_t>(
              repeat ? (i * 7 + step % 5) % 200
                     : (set * set * 41 + i % 8 * (set * 34 % 198 + 1)) % 199);
        }
        builder.Add(RecordType::kDispatch, Dispatch(step, slot, 8, ids));
      }
    }
    const Bytes raw = builder.Finish(measure);
    return {raw.begin(), raw.end()};
  }

  Measure Trial() { return {.context = context_.get(), .scratch = scratch_}; }

  // What Make() says; the block is in normal_.
  const char* Make(const std::vector<uint8_t>& raw) {
    room_.resize(NormalForm::Room(raw));
    return form_.Make(raw, room_, &normal_);
  }

  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                              ZSTD_freeCCtx};
  std::vector<uint8_t> scratch_ =
      std::vector<uint8_t>(ZSTD_compressBound(kMaxRawBlock));
  NormalForm form_;
  std::vector<uint8_t> room_;
  Bytes normal_;
};

TEST_F(NormalFormTest, IsTheBlockThatTheOtherLayoutWouldHaveMade) {
  const auto plain = Build({});
  const auto chosen = Build(Trial());
  ASSERT_EQ(log::GetSizePrefixedBlock(chosen.data())->layout(),
            log::Layout::RankedDifferences);
  EXPECT_LT(chosen.size(), plain.size() / 2);
  ASSERT_EQ(Make(chosen), nullptr);
  EXPECT_EQ(std::vector<uint8_t>(normal_.begin(), normal_.end()), plain);
}

TEST_F(NormalFormTest, SoItIsOfSetsThatNothingRepeats) {
  const auto plain = Build({}, false);
  const auto chosen = Build(Trial(), false);
  ASSERT_EQ(log::GetSizePrefixedBlock(chosen.data())->layout(),
            log::Layout::WeightedSets);
  EXPECT_LT(chosen.size(), plain.size());
  ASSERT_EQ(Make(chosen), nullptr);
  EXPECT_EQ(std::vector<uint8_t>(normal_.begin(), normal_.end()), plain);
}

TEST_F(NormalFormTest, RebuildingABlockWithItsOwnIdsChangesNothing) {
  const auto plain = Build({});
  const auto* ids = log::GetSizePrefixedBlock(plain.data())->ids();
  const Bytes again = form_.Rebuild(plain, log::Layout::SortedTokenMajor,
                                    {ids->data(), ids->size()});
  EXPECT_EQ(std::vector<uint8_t>(again.begin(), again.end()), plain);
}

TEST_F(NormalFormTest, ALayoutOfALaterVersionIsNamed) {
  auto raw = Build(Trial());
  auto* block =
      flatbuffers::GetMutableSizePrefixedRoot<flatbuffers::Table>(raw.data());
  ASSERT_TRUE(block->SetField<uint8_t>(log::Block::VT_LAYOUT, 77, 0));
  EXPECT_EQ(Make(raw), kUnknownLayout);
}

TEST_F(NormalFormTest, AnyVerifiedBytesGiveABlockOrARefusal) {
  const auto repeating = Build(Trial());
  const auto other = Build(Trial(), false);
  uint32_t random = 1;
  int made = 0;
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    auto changed = round % 4 < 2 ? repeating : other;
    for (int i = 0; i < 1 + round % 3; ++i) {
      random = random * 1664525 + 1013904223;
      changed[random / 256 % (round % 2 == 0 ? 600 : changed.size())] =
          static_cast<uint8_t>(random >> 8);
    }
    if (!VerifyBlock(changed)) continue;
    const auto* block = log::GetSizePrefixedBlock(changed.data());
    if (block->layout() == log::Layout::SortedTokenMajor) continue;
    ++(Make(changed) == nullptr ? made : refused);
  }
  EXPECT_GT(made, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace moetap
