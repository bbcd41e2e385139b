#include "analysis/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "analysis/error.h"
#include "schema/routing_log_generated.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/small_engine.h"
#include "tests/unit/analysis/synthetic_capture.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kReal = static_cast<uint16_t>(log::StepKind::Real);
constexpr auto kDummy = static_cast<uint16_t>(log::StepKind::Dummy);
constexpr auto kPreempted = static_cast<uint16_t>(log::EventKind::Preempted);
constexpr auto kExternal =
    static_cast<uint16_t>(log::EventKind::ExternalPrefix);

class TraceTest : public ::testing::Test {
 protected:
  Trace Build(std::initializer_list<SmallEngine*> engines) {
    for (SmallEngine* engine : engines) {
      engine->writer().Write(directory_.path());
    }
    return BuildTrace(ReadCapture(directory_.path()));
  }

  TemporaryDirectory directory_;
};

std::vector<Source> Sources(const Sequence& sequence) {
  std::vector<Source> sources;
  for (const Position& p : sequence.positions) sources.push_back(p.source);
  return sources;
}

TEST_F(TraceTest, PromptAndSamplesOwnOneRowLessThanTheyAre) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.Step(1, {{1, 0, 3, 0}}, 0);
  engine.writer().Samples({{1, 3, 20}}, false);
  engine.Step(2, {{1, 3, 1, 0}}, 3);
  engine.writer().Samples({{1, 4, 21}}, false);
  const Trace trace = Build({&engine});

  ASSERT_EQ(trace.sequences.size(), 1u);
  const Sequence& a = trace.sequences[0];
  EXPECT_THAT(a.tokens, ElementsAre(10, 11, 12, 20, 21));
  ASSERT_EQ(a.positions.size(), 4u);
  for (uint16_t p = 0; p < 4; ++p) {
    EXPECT_EQ(a.positions[p].source, Source::kObserved);
    EXPECT_THAT(trace.set(a.positions[p].row, 0), ElementsAre(p, 7));
  }
  EXPECT_EQ(trace.model, "small");
  ASSERT_EQ(trace.layers.size(), 1u);
  EXPECT_EQ(trace.layers[0].number, 3u);
  EXPECT_EQ(trace.layers[0].experts, 8u);
  EXPECT_EQ(trace.stats.executions, 4u);
  EXPECT_EQ(trace.stats.replays, 0u);
}

TEST_F(TraceTest, RowBehindTheLastTokenIsDiscarded) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11}, 1);
  engine.Step(1, {{1, 0, 2, 0}}, 0);
  engine.writer().Samples({{1, 2, 20}}, false);
  engine.Step(2, {{1, 2, 1, 0}}, 2);  // nothing was sampled from it
  const Trace trace = Build({&engine});
  EXPECT_EQ(trace.sequences[0].positions.size(), 2u);
  EXPECT_EQ(trace.stats.discarded, 1u);
  EXPECT_EQ(trace.rows(), 2u);
}

TEST_F(TraceTest, CachedPrefixIsInheritedFromWhoeverComputedIt) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.writer().Kv(1, 1, 0, {5, 6});
  engine.Step(1, {{1, 0, 3, 0}}, 0);
  engine.Request(2, "b", {10, 11, 13}, 2);
  engine.writer().Kv(2, 2, 0, {5, 9});
  engine.Step(2, {{2, 2, 1, 0}}, 4);
  engine.writer().Samples({{2, 3, 20}}, false);
  const Trace trace = Build({&engine});
  const Sequence& b = trace.sequences[1];
  EXPECT_THAT(Sources(b), ElementsAre(Source::kInherited, Source::kInherited,
                                      Source::kObserved));
  EXPECT_EQ(b.positions[0].from, 0u);
  EXPECT_EQ(b.positions[0].executions, 0u);
  EXPECT_EQ(b.positions[1].row, trace.sequences[0].positions[1].row);
  EXPECT_THAT(trace.set(b.positions[2].row, 0), ElementsAre(4, 7));
}

TEST_F(TraceTest, PrefixComputedInTheSameStepIsInherited) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.Request(2, "b", {10, 11, 13}, 1);
  engine.writer().Kv(1, 1, 0, {5, 6});
  engine.writer().Kv(2, 1, 0, {5, 9});
  engine.Step(1, {{1, 0, 3, 0}, {2, 2, 1, 0}}, 0);
  const Trace trace = Build({&engine});
  EXPECT_EQ(trace.sequences[1].positions[0].source, Source::kInherited);
  EXPECT_EQ(trace.sequences[1].positions[0].from, 0u);
}

TEST_F(TraceTest, InheritanceNeedsEqualTokens) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.writer().Kv(1, 1, 0, {5, 6});
  engine.Step(1, {{1, 0, 3, 0}}, 0);
  engine.Request(2, "b", {99, 11, 13}, 2);
  engine.writer().Kv(2, 2, 0, {5, 9});
  engine.Step(2, {{2, 2, 1, 0}}, 4);
  engine.writer().Samples({{2, 3, 20}}, false);
  const Trace trace = Build({&engine});
  for (const uint32_t p : {0, 1}) {
    EXPECT_EQ(trace.sequences[1].positions[p].source, Source::kMissing);
    EXPECT_EQ(trace.sequences[1].positions[p].reason,
              MissingReason::kPrefixMismatch);
  }
}

TEST_F(TraceTest, LastWriterOfASlotOwnsIt) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.writer().Kv(1, 1, 0, {5, 6});
  engine.Step(1, {{1, 0, 3, 0}}, 0);
  engine.Request(2, "b", {10, 11, 12}, 2);  // the same tokens, block reused
  engine.writer().Kv(2, 2, 0, {5, 6});
  engine.Step(2, {{2, 0, 3, 0}}, 3);
  engine.Request(3, "c", {10, 11, 14}, 3);
  engine.writer().Kv(3, 3, 0, {5, 8});
  engine.Step(3, {{3, 2, 1, 0}}, 6);
  const Trace trace = Build({&engine});
  EXPECT_EQ(trace.sequences[2].positions[0].from, 1u);
}

TEST_F(TraceTest, ExternalAndUnknownPrefixesAreMissingWithReason) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12, 13, 14}, 1);
  engine.writer().Kv(1, 1, 0, {5, 6, 7});
  engine.writer().Event(1, 1, kExternal, 2, "");
  engine.Step(1, {{1, 4, 1, 0}}, 0);
  engine.writer().Samples({{1, 5, 20}}, false);
  const Trace trace = Build({&engine});
  const auto& positions = trace.sequences[0].positions;
  EXPECT_EQ(positions[0].reason, MissingReason::kUnknownOwner);
  EXPECT_EQ(positions[1].reason, MissingReason::kUnknownOwner);
  EXPECT_EQ(positions[2].reason, MissingReason::kExternal);
  EXPECT_EQ(positions[3].reason, MissingReason::kExternal);
  EXPECT_EQ(positions[4].source, Source::kObserved);
}

TEST_F(TraceTest, CachedPrefixWithoutBlocksHasNoIdentity) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11, 12}, 1);
  engine.Step(1, {{1, 2, 1, 0}}, 0);
  const Trace trace = Build({&engine});
  EXPECT_EQ(trace.sequences[0].positions[0].reason, MissingReason::kNoIdentity);
}

TEST_F(TraceTest, LastCompleteExecutionIsEffectiveAndReplaysAreCompared) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11}, 1);
  engine.writer().Kv(1, 1, 0, {5});
  engine.Step(1, {{1, 0, 2, 0}}, 0);
  engine.writer().Samples({{1, 2, 20}}, false);
  engine.writer().Event(1, 2, kPreempted, 0, "");
  engine.writer().Kv(1, 3, 0, {8, 9});
  engine.Step(3, {{1, 0, 2, 0}}, 0);  // the same sets again
  engine.Step(4, {{1, 0, 1, 0}}, 5);  // and another one
  const Trace trace = Build({&engine});
  const Sequence& a = trace.sequences[0];
  EXPECT_EQ(a.preemptions, 1u);
  EXPECT_EQ(a.positions[0].executions, 3u);
  EXPECT_EQ(a.positions[1].executions, 2u);
  EXPECT_THAT(trace.set(a.positions[0].row, 0), ElementsAre(5, 7));
  EXPECT_THAT(trace.set(a.positions[1].row, 0), ElementsAre(1, 7));
  EXPECT_EQ(trace.stats.executions, 5u);
  EXPECT_EQ(trace.stats.replays, 3u);
  EXPECT_EQ(trace.stats.replays_differing, 2u);  // both of position 0
}

TEST_F(TraceTest, LowestRankIsEffective) {
  SmallEngine first(0, 0);
  SmallEngine second(1, 1);
  for (SmallEngine* rank : {&first, &second}) {
    rank->Request(rank == &first ? 1 : 7, "a", {10, 11}, 1);
    rank->Step(1, {{rank == &first ? 1u : 7u, 0, 2, 0}},
               rank == &first ? 0 : 1);
    rank->writer().Samples({{rank == &first ? 1u : 7u, 2, 20}}, false);
  }
  const Trace trace = Build({&first, &second});
  ASSERT_EQ(trace.sequences.size(), 1u);
  EXPECT_EQ(trace.rows(), 2u);
  EXPECT_THAT(trace.set(trace.sequences[0].positions[0].row, 0),
              ElementsAre(0, 7));
  EXPECT_EQ(trace.sequences[0].positions[0].executions, 1u);
  EXPECT_EQ(trace.stats.executions, 4u);
  EXPECT_EQ(trace.stats.replays, 2u);
  EXPECT_EQ(trace.stats.replays_differing, 2u);
}

TEST_F(TraceTest, EnginesWithTheSameRankAreEnginesOfTheirOwn) {
  SmallEngine first(0);
  SmallEngine second(1);
  first.Request(1, "a", {10, 11}, 1);
  first.Step(1, {{1, 0, 2, 0}}, 0);
  second.Request(1, "a", {12, 13}, 1);
  second.Step(1, {{1, 0, 2, 0}}, 2);
  const Trace trace = Build({&first, &second});
  ASSERT_EQ(trace.sequences.size(), 2u);
  EXPECT_THAT(trace.sequences[1].tokens, ElementsAre(12, 13));
  EXPECT_EQ(trace.stats.replays, 0u);
}

TEST_F(TraceTest, DummyPaddingOrphanAndUnannouncedRowsAreCountedApart) {
  SmallEngine engine;
  engine.writer().StepBegin(1, kDummy, {});
  engine.writer().Dispatch(1, 0, 2, {0, 0, 0, 0, 0, 0});
  engine.writer().StepEnd(1, 0, 0);
  engine.Request(1, "a", {10, 11}, 2);
  engine.Step(2, {{1, 0, 2, 0}, {9, 0, 1, 0}}, 0, 4);
  engine.writer().Dispatch(0, 0, 2, {1, 2, 3, 4, 5, 6, 1, 3, 2, 4});
  const Trace trace = Build({&engine});
  EXPECT_EQ(trace.stats.dummy_rows, 3u);
  EXPECT_EQ(trace.stats.orphan_rows, 1u);
  EXPECT_EQ(trace.stats.padding_rows, 4u);
  EXPECT_EQ(trace.stats.unannounced_rows, 5u);
  EXPECT_EQ(trace.rows(), 1u);
}

TEST_F(TraceTest, RowOfADroppedStepIsMissing) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11}, 1);
  engine.writer().StepBegin(1, kReal, {{1, 0, 2, 0}});
  engine.writer().Drop(1, 1, 2);
  engine.writer().StepEnd(1, 1, 1);
  engine.writer().Samples({{1, 2, 20}}, false);
  engine.Step(2, {{1, 2, 1, 0}}, 2);
  engine.writer().Samples({{1, 3, 21}}, false);
  const Trace trace = Build({&engine});
  const auto& positions = trace.sequences[0].positions;
  EXPECT_EQ(positions[0].reason, MissingReason::kDropped);
  EXPECT_EQ(positions[0].executions, 1u);
  EXPECT_EQ(positions[1].reason, MissingReason::kDropped);
  EXPECT_EQ(positions[2].source, Source::kObserved);
}

TEST_F(TraceTest, UnreturnedTokensAreMarked) {
  SmallEngine engine;
  engine.Request(1, "a", {10, 11}, 1);
  engine.Step(1, {{1, 0, 2, 0}}, 0);
  engine.writer().Samples({{1, 2, 20}}, false);
  engine.Step(2, {{1, 2, 1, 0}}, 2);
  engine.writer().Samples({{1, 3, 21}}, false);
  engine.Step(3, {{1, 3, 1, 0}}, 3);
  engine.writer().Samples({{1, 4, 22}}, false);
  SmallEngine front_end(1);
  front_end.writer().Delivery("a", "client", "parent", 2, 1, "stop");
  const Trace trace = Build({&engine, &front_end});
  const Sequence& a = trace.sequences[0];
  EXPECT_EQ(a.external_id, "client");
  EXPECT_EQ(a.parent, "parent");
  EXPECT_EQ(a.returned_tokens, 1u);
  EXPECT_EQ(a.finish_reason, "stop");
  EXPECT_FALSE(a.positions[0].unreturned);
  EXPECT_FALSE(a.positions[2].unreturned);  // the one returned token
  EXPECT_TRUE(a.positions[3].unreturned);
}

TEST_F(TraceTest, TwoModelsAreRefusedByName) {
  SmallEngine first(0);
  first.Request(1, "a", {10, 11}, 1);
  first.Step(1, {{1, 0, 2, 0}}, 0);
  CaptureWriter second(1);
  second.Fact("model", "other");
  second.Request(1, "b", 1, 1);
  second.Write(directory_.path());
  try {
    Build({&first});
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("small"));
    EXPECT_THAT(error.what(), HasSubstr("other"));
  }
}

TEST_F(TraceTest, RowsWithoutIdentityAreRefusedWithTheRemedy) {
  CaptureWriter writer(0);
  writer.Layer(0, 3, 8);
  writer.Dispatch(0, 0, 2, {1, 2});
  writer.Write(directory_.path());
  try {
    BuildTrace(ReadCapture(directory_.path()));
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("moetap env"));
  }
}

// What the made-up engine routed is what the trace says, whatever happened
// on the way.
class SyntheticTrace : public ::testing::TestWithParam<bool> {};

TEST_P(SyntheticTrace, EveryPositionHasTheSetOfItsToken) {
  SyntheticOptions options;
  options.token_ids = GetParam();
  options.tp_size = 2;
  TemporaryDirectory directory;
  WriteSyntheticCapture(options, directory.path());
  const Trace trace = BuildTrace(ReadCapture(directory.path()));
  EXPECT_EQ(trace.has_token_ids, GetParam());
  EXPECT_EQ(trace.sequences.size(),
            options.prompts * options.requests_per_prompt);
  std::set<Source> sources;
  uint32_t preemptions = 0;
  for (const Sequence& sequence : trace.sequences) {
    preemptions += sequence.preemptions;
    ASSERT_EQ(sequence.positions.size(), sequence.tokens.size() - 1);
    for (uint32_t p = 0; p < sequence.positions.size(); ++p) {
      const Position& position = sequence.positions[p];
      sources.insert(position.source);
      ASSERT_NE(position.row, kNone) << sequence.id << " " << p;
      if (!trace.has_token_ids) continue;
      for (size_t l = 0; l < trace.layers.size(); ++l) {
        auto expected =
            SyntheticSet(options, static_cast<uint32_t>(sequence.tokens[p]), p,
                         trace.layers[l].number);
        std::sort(expected.begin(), expected.end());
        EXPECT_TRUE(std::ranges::equal(expected, trace.set(position.row, l)));
      }
    }
  }
  EXPECT_THAT(sources, ElementsAre(Source::kObserved, Source::kInherited));
  EXPECT_GT(preemptions, 0u);
  EXPECT_GT(trace.stats.replays, 0u);
  EXPECT_EQ(trace.stats.replays_differing, 0u);
  EXPECT_GT(trace.stats.discarded, 0u);
  EXPECT_GT(trace.stats.dummy_rows, 0u);
  EXPECT_GT(trace.stats.padding_rows, 0u);
  EXPECT_EQ(trace.stats.orphan_rows, 0u);
}

INSTANTIATE_TEST_SUITE_P(TokensAndHashes, SyntheticTrace, ::testing::Bool());

}  // namespace
}  // namespace moetap
