#include "schema/block_builder.h"

#include <gmock/gmock.h>

#include <memory>
#include <numeric>
#include <string>

#include "schema/routing_groups.h"
#include "schema/routing_log_generated.h"
#include "tests/unit/schema/records.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using Added = BlockBuilder::Added;

class BlockBuilderTest : public testing::Test {
 protected:
  // Finishes the block, verifies it and keeps a copy.
  const log::Block* Finish() {
    const Bytes raw = builder_.Finish();
    copy_.assign(raw.begin(), raw.end());
    flatbuffers::Verifier verifier(copy_.data(), copy_.size());
    EXPECT_TRUE(log::VerifySizePrefixedBlockBuffer(verifier));
    EXPECT_LE(copy_.size(), kMaxRawBlock);
    return log::GetSizePrefixedBlock(copy_.data());
  }

  std::unique_ptr<uint8_t[]> arena_{new uint8_t[BlockBuilder::ArenaBytes()]};
  BlockBuilder builder_{{arena_.get(), BlockBuilder::ArenaBytes()}};
  ByteVector copy_;
};

std::vector<int> Ids(const log::Block* block) {
  std::vector<int> out;
  const auto step = static_cast<size_t>(block->id_bytes());
  for (size_t i = 0; i < block->ids()->size(); i += step) {
    int id = block->ids()->Get(static_cast<uint32_t>(i));
    if (step == 2) id |= block->ids()->Get(static_cast<uint32_t>(i) + 1) << 8;
    out.push_back(id);
  }
  return out;
}

TEST_F(BlockBuilderTest, AnEmptyBlockHoldsTheFactsOnly) {
  EXPECT_EQ(builder_.Add(RecordType::kFact, ByteVector{'k', '=', 'v'}),
            Added::kMalformed);
  ByteVector fact;
  Append(&fact, std::string_view("model\0tiny", 10));
  EXPECT_EQ(builder_.Add(RecordType::kFact, fact), Added::kYes);
  EXPECT_EQ(builder_.pending(), 0u);
  for (int i = 0; i < 2; ++i) {
    const log::Block* block = Finish();
    ASSERT_EQ(block->facts()->size(), 1u);
    EXPECT_EQ(block->facts()->Get(0)->key()->str(), "model");
    EXPECT_EQ(block->facts()->Get(0)->value()->str(), "tiny");
    EXPECT_EQ(block->groups(), nullptr);
  }
}

TEST_F(BlockBuilderTest, TheSameFactIsKeptOnce) {
  for (const char* value : {"a", "a", "b"}) {
    ByteVector fact;
    Append(&fact, std::string_view("key\0", 4));
    Append(&fact, std::string_view(value));
    EXPECT_EQ(builder_.Add(RecordType::kFact, fact), Added::kYes);
  }
  EXPECT_EQ(Finish()->facts()->size(), 2u);
}

TEST_F(BlockBuilderTest, FactsThatAreTooManyAreRefused) {
  size_t taken = 0;
  for (int key = 1; key < 256; ++key) {
    for (int value = 1; value < 256; ++value) {
      const ByteVector fact = {static_cast<uint8_t>(key), 0,
                               static_cast<uint8_t>(value)};
      taken += builder_.Add(RecordType::kFact, fact) == Added::kYes;
    }
  }
  EXPECT_EQ(Finish()->facts()->size(), taken);
  EXPECT_GT(taken, 100u);
  EXPECT_EQ(builder_.malformed(), 255u * 255u - taken);
}

TEST_F(BlockBuilderTest, ALayerThatComesTooOftenBeginsAnotherGroup) {
  size_t rows = 0;
  const DispatchRecord same{7, 0, 1, 0, 3, 1};
  while (builder_.Add(RecordType::kDispatch,
                      Record(same, std::vector<uint16_t>{9})) == Added::kYes) {
    ++rows;
  }
  const log::Block* block = Finish();
  EXPECT_EQ(block->ids()->size(), rows);
  EXPECT_EQ(block->groups()->size(), rows / kMaxLayerSlots + 1);
}

TEST_F(BlockBuilderTest, LayersThatRanOverTheSameRowsBecomeOneGroup) {
  builder_.Add(RecordType::kDispatch, Dispatch(5, 0, 2, {3, 1, 9, 7}));
  builder_.Add(RecordType::kDispatch, Dispatch(5, 1, 2, {2, 4, 6, 5}));
  const log::Block* block = Finish();
  ASSERT_EQ(block->groups()->size(), 1u);
  const log::Group* group = block->groups()->Get(0);
  EXPECT_EQ(group->step(), 5u);
  EXPECT_EQ(group->rows(), 2u);
  EXPECT_EQ(group->first_row(), 0u);
  EXPECT_EQ(group->k(), 2u);
  const auto* slots = block->layer_lists()->Get(group->layer_list())->slots();
  EXPECT_THAT(std::vector<int>(slots->begin(), slots->end()),
              ElementsAre(0, 1));
  EXPECT_EQ(block->id_bytes(), 1);
  EXPECT_THAT(Ids(block), ElementsAre(1, 3, 2, 4, 7, 9, 5, 6));
}

TEST_F(BlockBuilderTest, LargeIdsAndNoRouteTakeTwoBytes) {
  builder_.Add(RecordType::kDispatch, Dispatch(1, 0, 3, {kNoRoute, 300, 2}));
  const log::Block* block = Finish();
  EXPECT_EQ(block->id_bytes(), 2);
  EXPECT_THAT(Ids(block), ElementsAre(2, 300, kNoRoute));
}

TEST_F(BlockBuilderTest, SamplesOfSeveralRecordsAreOneVector) {
  using Samples = std::vector<SampleRecord>;
  builder_.Add(RecordType::kSamples,
               Record(SamplesRecord{2, 1}, Samples{{1, 7, 70}, {2, 8, 80}}));
  builder_.Add(RecordType::kSamples, Record(SamplesRecord{0, 1}, Samples{}));
  builder_.Add(RecordType::kSamples,
               Record(SamplesRecord{1, 1}, Samples{{3, 9, ~uint64_t{0}}}));
  const log::Block* block = Finish();
  EXPECT_TRUE(block->hashed());
  ASSERT_EQ(block->samples()->size(), 3u);
  EXPECT_EQ(block->samples()->Get(1)->position(), 8u);
  EXPECT_EQ(block->samples()->Get(2)->value(), ~uint64_t{0});
}

TEST_F(BlockBuilderTest, EveryOtherKindSaysOnDiskWhatTheRecordSaid) {
  builder_.Add(RecordType::kRequest, Record(RequestRecord{4, 11, 2}, "req-a"));
  builder_.Add(RecordType::kTokens,
               Record(TokensRecord{4, 3, 2, 0}, std::vector<uint32_t>{8, 9}));
  builder_.Add(RecordType::kKv,
               Record(KvRecord{2, 4, 1, 2, 0}, std::vector<uint32_t>{12, 13}));
  builder_.Add(RecordType::kStepBegin,
               Record(StepBeginRecord{2, 99, 1, 0, 1},
                      std::vector<SpanRecord>{{4, 3, 8, 1}}));
  builder_.Add(RecordType::kStepEnd, Record(StepEndRecord{2, 6, 7}, ""));
  builder_.Add(RecordType::kEvent,
               Record(EventRecord{3, 4, 1, 0, 5, 0}, "stop"));
  builder_.Add(RecordType::kDelivery,
               Record(DeliveryRecord{11, 6},
                      std::string_view("req-a\0ext\0\0length", 17)));
  ByteVector vocabulary =
      Record(VocabularyRecord{256, 2}, std::vector<uint16_t>{1, 3});
  Append(&vocabulary, std::string_view("xyz\n"));
  builder_.Add(RecordType::kVocabulary, vocabulary);
  builder_.Add(RecordType::kDrop, Record(DropRecord{1, 2, 30, 4}, ""));
  ByteVector status;
  Append(&status, std::string_view("unhooked\0why", 12));
  builder_.Add(RecordType::kStatus, status);
  builder_.Add(RecordType::kLayer,
               Record(LayerRecord{0, 3, 2, 0, 60, 0}, "cpu_fused_moe"));

  const log::Block* block = Finish();
  EXPECT_EQ(builder_.malformed(), 0u);
  const log::Request* request = block->requests()->Get(0);
  EXPECT_EQ(request->id()->str(), "req-a");
  EXPECT_EQ(request->prompt_tokens(), 11u);
  EXPECT_EQ(request->step(), 2u);
  EXPECT_FALSE(block->hashed());
  EXPECT_EQ(block->tokens()->Get(0)->ids()->Get(1), 9u);
  EXPECT_EQ(block->kv()->Get(0)->blocks()->Get(0), 12u);
  EXPECT_EQ(block->steps()->Get(0)->kind(), log::StepKind::Real);
  EXPECT_EQ(block->steps()->Get(0)->spans()->Get(0)->discard(), 1u);
  EXPECT_EQ(block->step_ends()->Get(0)->expected(), 7u);
  EXPECT_EQ(block->events()->Get(0)->text()->str(), "stop");
  const log::Delivery* delivery = block->deliveries()->Get(0);
  EXPECT_EQ(delivery->id()->str(), "req-a");
  EXPECT_EQ(delivery->external_id()->str(), "ext");
  EXPECT_EQ(delivery->parent_id(), nullptr);
  EXPECT_EQ(delivery->finish_reason()->str(), "length");
  const log::VocabularyRun* run = block->vocabulary()->Get(0);
  EXPECT_EQ(run->first_id(), 256u);
  EXPECT_EQ(run->lengths()->Get(1), 3);
  EXPECT_EQ(run->bytes()->size(), 4u);
  EXPECT_EQ(block->drops()->Get(0)->rows(), 30u);
  EXPECT_EQ(block->status()->Get(0)->code()->str(), "unhooked");
  EXPECT_EQ(block->layers()->Get(0)->number(), 3);
  EXPECT_EQ(block->layers()->Get(0)->hook()->str(), "cpu_fused_moe");
}

TEST_F(BlockBuilderTest, RecordsWhoseCountsLieAreRefused) {
  const std::vector<uint16_t> ids = {1, 2, 3};
  const std::vector<std::pair<RecordType, ByteVector>> bad = {
      {RecordType::kDispatch, Record(DispatchRecord{1, 0, 2, 2, 0, 2}, ids)},
      {RecordType::kDispatch, Record(DispatchRecord{1, 0, 0, 0, 0, 3}, "")},
      {RecordType::kDispatch, Record(DispatchRecord{1, 5, 1, 5, 0, 3}, ids)},
      {RecordType::kDispatch,
       Record(DispatchRecord{1, 0, 1, 1, kMaxLayerSlots, 3}, ids)},
      {RecordType::kTokens, Record(TokensRecord{1, 0, 1000, 0}, ids)},
      {RecordType::kSamples, Record(SamplesRecord{1, 0}, ids)},
      {RecordType::kVocabulary, Record(VocabularyRecord{0, 9}, ids)},
      {RecordType::kStepBegin, Record(StepBeginRecord{1, 0, 9, 0, 0}, "")},
      {RecordType::kDrop, {1, 2, 3}},
      {RecordType::kPad, {}},
      {static_cast<RecordType>(999), {1}},
  };
  for (const auto& [type, payload] : bad) {
    EXPECT_EQ(builder_.Add(type, payload), Added::kMalformed)
        << static_cast<int>(type);
  }
  EXPECT_EQ(builder_.malformed(), bad.size());
  EXPECT_EQ(builder_.pending(), 0u);
}

TEST_F(BlockBuilderTest, AFullBlockTakesNothingMoreAndLosesNothing) {
  const ByteVector record = Dispatch(1, 0, 8, std::vector<uint16_t>(8 * 2000));
  size_t added = 0;
  while (builder_.Add(RecordType::kDispatch, record) == Added::kYes) ++added;
  EXPECT_EQ(added, kBlockTarget / ((record.size() + 15) / 16 * 16));
  const log::Block* block = Finish();
  EXPECT_EQ(block->ids()->size(), added * 8 * 2000);
  EXPECT_EQ(builder_.Add(RecordType::kDispatch, record), Added::kYes);
}

// The bound that BlockBuilder promises must hold for the records whose tables
// cost most.
TEST_F(BlockBuilderTest, TheMostWastefulRecordsFitTheLargestBlock) {
  for (int slot = 0; slot < static_cast<int>(kMaxLayerSlots); ++slot) {
    builder_.Add(RecordType::kLayer,
                 Record(LayerRecord{static_cast<uint16_t>(slot), 1, 1, 0, 9, 0},
                        std::string(kMaxHookName, 'h')));
  }
  const std::vector<std::pair<RecordType, ByteVector>> kinds = {
      {RecordType::kDelivery,
       Record(DeliveryRecord{1, 1}, std::string_view("a\0b\0c\0d", 7))},
      {RecordType::kRequest, Record(RequestRecord{1, 1, 1}, "a")},
      {RecordType::kEvent, Record(EventRecord{1, 1, 2, 0, 1, 0}, "t")},
      {RecordType::kKv,
       Record(KvRecord{1, 1, 1, 1, 0}, std::vector<uint32_t>{1})},
      {RecordType::kTokens,
       Record(TokensRecord{1, 1, 1, 1}, std::vector<uint64_t>{1})},
      {RecordType::kDispatch, Dispatch(1, 0, 1, {1})},
  };
  for (const auto& [type, payload] : kinds) {
    size_t added = 0;
    while (builder_.Add(type, payload) == Added::kYes) ++added;
    EXPECT_GT(added, 20000u);
    Finish();
  }
}

}  // namespace
}  // namespace moetap
