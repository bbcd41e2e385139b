#include <gmock/gmock.h>

#include <cmath>

#include "analysis/error.h"
#include "analysis/studies/expert_bytes.h"
#include "analysis/studies/sharing.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/studies_trace.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

StudyDocument Study(const Trace& trace, ServedSteps served = {}) {
  return RunSharing({&trace, 1}, served, 10, {}, {});
}

// Row t has the experts t and t + 1: rows 4, 5 and 7 in one step.
Trace ThreeBranches() {
  Trace trace = MakeTrace({{3, 16, 2, 0}});
  AddSequence(&trace, {1, 4, 0});
  AddSequence(&trace, {1, 5, 0});
  AddSequence(&trace, {1, 7, 0});
  return trace;
}

TEST(SharingTest, CountsAllCombinationsOfAStep) {
  const Trace trace = ThreeBranches();
  const SharingCounts counts = CountSharing(trace, {});
  // {4, 5, 6}, and twice four experts.
  EXPECT_THAT(counts.batches[0][0][0].distinct, ElementsAre(0, 0, 0, 1, 2));
  EXPECT_EQ(counts.batches[0][1][0].sum().batches, 0u);
  EXPECT_EQ(counts.batches[1][0][0].sum().batches, 0u);
  const StudyDocument document = Study(trace);
  const StudyResult& result = *document.Find("distinct.siblings.b2", 3);
  EXPECT_DOUBLE_EQ(*result.estimate, 11.0 / 3);
  EXPECT_DOUBLE_EQ(*result.baselines[0].second, 16 * (1 - 49.0 / 64));
  // Experts 4, 6, 7, 8 in one of three rows, 5 in two.
  EXPECT_DOUBLE_EQ(*result.baselines[1].second, 4 * 5.0 / 9 + 8.0 / 9);
  EXPECT_DOUBLE_EQ(*document.Find("bytes.siblings.b2")->estimate, 110.0 / 3);
  EXPECT_EQ(document.reason, "few-trees");
  EXPECT_THAT(document.warnings, Contains("no-unrelated"));
}

TEST(SharingTest, PromptRowsAreNoDecodeRows) {
  Trace trace = ThreeBranches();
  trace.sequences[2].prompt_tokens = 2;
  const SharingCounts counts = CountSharing(trace, {});
  EXPECT_EQ(counts.decode_rows, 2u);
  EXPECT_THAT(counts.batches[0][0][0].distinct, ElementsAre(0, 0, 0, 1));
}

TEST(SharingTest, BatchesAreAsManyAsAsked) {
  Trace trace = MakeTrace({{0, 8, 1, 0}});
  for (uint64_t t = 0; t < 40; ++t) AddSequence(&trace, {1, 50 + t, 3, 0});
  SharingOptions options;
  options.batches = 7;
  const SharingCounts counts = CountSharing(trace, options);
  for (size_t b = 0; b < 5; ++b) {
    EXPECT_EQ(counts.batches[0][b][0].sum().batches, 6u);  // of two steps
  }
}

// Trees 4, 5, 7, 8 and 9, whose rows have the experts t and t + 1; the last one
// has a sequence of "b" and one of "a".
Trace Categories() {
  Trace trace = MakeTrace({{3, 16, 2, 0}});
  const auto add = [&](uint64_t token, const std::string& category) {
    AddSequence(&trace, {token + 100, token, trace.sequences.size()});
    trace.sequences.back().category = category;
  };
  add(4, "b");
  add(5, "a");
  add(7, "b");
  add(8, "");
  add(9, "b");
  add(9, "a");
  return trace;
}

TEST(SharingTest, ATreeIsOfTheCategoryOfAllItsSequences) {
  const Trace trace = Categories();
  EXPECT_THAT(TreeCategories(trace, BuildForest(trace)),
              ElementsAre("b", "a", "b", "", ""));
}

TEST(SharingTest, BatchesOfACategoryAreOfItsTrees) {
  const Trace trace = Categories();
  SharingOptions options;
  options.by_category = true;
  const StudyDocument document = RunSharing({&trace, 1}, {}, 10, options, {});
  // {4, 5, 7, 8} alone; "a" has one tree only.
  const StudyResult& result = *document.Find("distinct.category.b2");
  EXPECT_EQ(result.pairs, 1u);
  EXPECT_DOUBLE_EQ(*result.estimate, 4);
  EXPECT_DOUBLE_EQ(*document.Find("bytes.category.b2")->estimate, 40);
  EXPECT_EQ(document.unit("category_steps"), 1u);
  EXPECT_EQ(document.unit("trees_without_category"), 2u);
  std::vector<std::string> categories;
  for (const StudyResult& one : document.results) {
    if (!one.dimension.empty()) categories.push_back(one.value);
  }
  EXPECT_THAT(categories, ElementsAre("b"));
  EXPECT_THAT(SharingText(document),
              HasSubstr("\nb                        4.00"));
}

TEST(SharingTest, WithoutCategoriesThereIsNoSuchKind) {
  const StudyDocument document = Study(Categories());
  EXPECT_EQ(document.Find("distinct.category.b2"), nullptr);
  EXPECT_THAT(document.warnings, Not(Contains("no-category")));
  EXPECT_THAT(SharingText(document), Not(HasSubstr("category")));
}

TEST(SharingTest, ServedStepsAreBucketedByRows) {
  ServedSteps served;
  served.by_rows = {{1, {{2, 1}}}, {3, {{12, 3}}}, {4, {{7, 1}}}};
  ServedSteps twice = served;
  twice.Merge(served);
  const StudyDocument document = Study(ThreeBranches(), twice);
  EXPECT_DOUBLE_EQ(*document.Find("distinct.served.r1", 3)->estimate, 2);
  const StudyResult& result = *document.Find("distinct.served.r3_4");
  EXPECT_DOUBLE_EQ(*result.estimate, 19.0 / 4);
  EXPECT_EQ(result.n_units, 8u);
  const double miss = 1 - 2.0 / 16;
  EXPECT_DOUBLE_EQ(*result.baselines[0].second,
                   16 * (1 - (3 * std::pow(miss, 3) + std::pow(miss, 4)) / 4));
}

TEST(SharingTest, CapturesOfTwoModelsAreRefused) {
  const Trace traces[] = {ThreeBranches(), MakeTrace({{3, 16, 4, 0}})};
  EXPECT_THROW(RunSharing(traces, {}, {}, {}, {}), Error);
}

TEST(SharingTest, TextHasTheReasonAndTheNextCommand) {
  const Trace empty = MakeTrace({{3, 16, 2, 0}});
  EXPECT_THAT(SharingText(Study(empty)), HasSubstr("next: moetap info"));
  EXPECT_THAT(SharingText(Study(ThreeBranches())), HasSubstr("   2      3.67"));
}

std::optional<uint64_t> BytesWith(std::string_view dtype,
                                  std::string_view quantization) {
  const TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Fact("hidden_size", "2048");
  writer.Fact("moe_intermediate_size", "512");
  writer.Fact("dtype", dtype);
  writer.Fact("quantization", quantization);
  writer.Write(directory.path());
  return ExpertBytes(ReadCapture(directory.path()));
}

TEST(ExpertBytesTest, FollowFromTheFacts) {
  constexpr uint64_t kWeights = 3 * 2048 * 512;
  EXPECT_EQ(BytesWith("bfloat16", "none"), 2 * kWeights);
  EXPECT_EQ(BytesWith("float32", "none"), 4 * kWeights);
  EXPECT_EQ(BytesWith("bfloat16", "fp8"), kWeights);
  EXPECT_EQ(BytesWith("bfloat16", "awq"), std::nullopt);
  EXPECT_EQ(BytesWith("", "none"), std::nullopt);
  EXPECT_EQ(ExpertBytes({}), std::nullopt);
}

}  // namespace
}  // namespace moetap
