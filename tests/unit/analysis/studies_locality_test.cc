#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "analysis/error.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/reasons.h"
#include "schema/block_format.h"
#include "tests/unit/analysis/studies_trace.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

StudyDocument Study(const Trace& trace, LocalityOptions options = {}) {
  return RunLocality(PlanLocality({&trace, 1}, options), {});
}

Trace TwoBranches() {
  Trace trace = MakeTrace({{3, 16, 2, 0}, {5, 8, 4, 0}});
  AddSequence(&trace, {1, 4, 7, 7});
  AddSequence(&trace, {1, 5, 7, 7});
  return trace;
}

TEST(LocalityTest, CountsIntersectionsByLayerAndClass) {
  const StudyDocument document = Study(TwoBranches());
  EXPECT_EQ(document.unit("pairs"), 2u);
  // 4 and 5: {4,5} and {5,6} share one of two, {4..7} and {5,6,7,0} three.
  EXPECT_THAT(document.Find("jaccard.input.different", 3)->intersections,
              ElementsAre(0, 1, 0));
  EXPECT_THAT(document.Find("jaccard.input.different", 5)->intersections,
              ElementsAre(0, 0, 0, 1, 0));
  EXPECT_DOUBLE_EQ(*document.Find("jaccard.input.different")->estimate,
                   (1.0 / 3 + 3.0 / 5) / 2);
  EXPECT_DOUBLE_EQ(*document.Find("jaccard.input.same")->estimate, 1);
  // 4 and 5 are both followed by 7.
  EXPECT_EQ(document.Find("jaccard.cell.different_same", 3)->pairs, 1u);
  EXPECT_EQ(document.status, StudyStatus::kDescriptive);
  EXPECT_EQ(document.reason, "few-trees");
}

TEST(LocalityTest, IdenticalSequencesAreNoPairs) {
  Trace trace = TwoBranches();
  AddSequence(&trace, {1, 4, 7, 7});
  const StudyDocument document = Study(trace);
  EXPECT_EQ(document.unit("pairs"), 2u);
  EXPECT_EQ(document.unit("identical_sequences"), 1u);
}

TEST(LocalityTest, UnusableSetsAreLeftOutAndCounted) {
  Trace trace = TwoBranches();
  const uint32_t row = trace.sequences[0].positions[1].row;
  uint16_t* ids = trace.ids.data() + size_t{row} * trace.row_ids;
  ids[1] = kNoRoute;  // layer 3
  ids[3] = ids[2];    // layer 5
  const StudyDocument document = Study(trace);
  EXPECT_EQ(document.unit("unrouted_sets"), 1u);
  EXPECT_EQ(document.unit("malformed_sets"), 1u);
  EXPECT_EQ(document.Find("jaccard.all", 3)->pairs, 1u);
  EXPECT_EQ(document.Find("jaccard.all", 5)->pairs, 1u);
  EXPECT_THAT(document.warnings, Contains("unrouted-sets"));
  EXPECT_THAT(document.warnings, Contains("malformed-sets"));
  EXPECT_FALSE(document.Find("jaccard.input.different", 3)->estimate);
}

Trace ManyTrees(uint64_t trees) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  for (uint64_t t = 0; t < trees; ++t) {
    AddSequence(&trace, {100 + t, 1, 2 + t, 3, 9});
    AddSequence(&trace, {100 + t, 2, 2 + t, 5, 9});
  }
  return trace;
}

TEST(LocalityTest, TenTreesGiveAnIntervalForTrees) {
  const StudyDocument nine = Study(ManyTrees(9));
  EXPECT_EQ(nine.Find("jaccard.all")->unit, "distinct sequence");
  EXPECT_THAT(nine.Find("jaccard.all")->method, HasSubstr("conditional"));
  const StudyDocument ten = Study(ManyTrees(10));
  EXPECT_EQ(ten.status, StudyStatus::kOk);
  EXPECT_EQ(ten.Find("jaccard.all")->unit, "tree");
  EXPECT_EQ(ten.Find("jaccard.all")->n_units, 10u);
  EXPECT_EQ(ten.Find("jaccard.all")->n_effective, 10);
  EXPECT_THAT(ten.definitions, Contains("interval.trees@2"));
  EXPECT_THAT(LocalityText(ten), HasSubstr("(10 units)"));
  EXPECT_TRUE(ten.Find("jaccard.all")->lo);
  EXPECT_THAT(ten.definitions, Not(Contains("interval.bootstrap@2")));
  const StudyDocument twenty = Study(ManyTrees(20));
  EXPECT_THAT(twenty.definitions, Contains("interval.bootstrap@2"));
  EXPECT_TRUE(twenty.Find("jaccard.all")->bootstrap);
}

TEST(LocalityTest, TextAndCsvHaveTheEffectiveNumberOfTrees) {
  Trace trace = ManyTrees(9);
  // Eleven branches, 55 times the pairs of another tree.
  for (uint64_t t = 0; t < 11; ++t) AddSequence(&trace, {7, 50 + t, 3, 4, 9});
  const StudyDocument document = Study(trace);
  const StudyResult& all = *document.Find("jaccard.all");
  EXPECT_EQ(all.n_units, 10u);
  EXPECT_DOUBLE_EQ(all.n_effective.value(), 64.0 * 64 / (55 * 55 + 9));
  EXPECT_FALSE(all.lo);
  EXPECT_THAT(LocalityText(document), HasSubstr("(10 units, effectively 1.4)"));
  EXPECT_THAT(ToJson(document)["results"][1].dump(),
              HasSubstr("\"n_units\":10,\"n_effective\":1.35"));
  const TemporaryDirectory directory;
  WriteCsv(document, directory.path());
  std::ifstream csv(directory.path() / "locality.csv");
  const std::string text(std::istreambuf_iterator<char>(csv), {});
  EXPECT_THAT(text, HasSubstr(",unit,n_units,n_effective,"));
  EXPECT_THAT(text, HasSubstr(",tree,10,1.35003"));
}

TEST(LocalityTest, DifferentPromptsWithOneOpeningAreNotCompared) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 4, 7, 7}, 3);
  AddSequence(&trace, {1, 5, 7, 7}, 3);
  EXPECT_EQ(Study(trace).reason, "no-forks");
}

TEST(LocalityTest, RefusesTracesOfDifferentLayers) {
  const Trace traces[] = {TwoBranches(), ManyTrees(1)};
  EXPECT_THROW(PlanLocality(traces, {}), Error);
}

TEST(LocalityTest, TextSaysWhatWasLeftOutAndWhatToDo) {
  const std::string text = LocalityText(Study(TwoBranches()));
  EXPECT_THAT(text, HasSubstr("different input token"));
  EXPECT_THAT(text, HasSubstr("another model"));
  EXPECT_THAT(text, HasSubstr("next: "));
}

TEST(EnvelopeTest, NumbersThatAreNotFiniteAreNull) {
  StudyDocument document;
  document.study = "locality";
  StudyResult result;
  result.estimate = std::numeric_limits<double>::quiet_NaN();
  result.hi = std::numeric_limits<double>::infinity();
  document.results.push_back(result);
  const Json json = ToJson(document);
  EXPECT_TRUE(json["results"][0]["estimate"].is_null());
  EXPECT_TRUE(json["results"][0]["lo"].is_null());
  EXPECT_TRUE(json["results"][0]["hi"].is_null());
}

TEST(EnvelopeTest, ExitStatus) {
  StudyDocument document;
  EXPECT_EQ(ExitStatus(document), 0);
  document.inputs.push_back({.uuid = "", .losses = true});
  EXPECT_EQ(ExitStatus(document), 3);
  document.inputs.clear();
  document.status = StudyStatus::kDescriptive;
  EXPECT_EQ(ExitStatus(document), 3);
  document.status = StudyStatus::kNotComputable;
  EXPECT_EQ(ExitStatus(document), 1);
}

TEST(ReasonsTest, SortedAndComplete) {
  std::string_view last;
  for (const Reason& reason : Reasons()) {
    EXPECT_LT(last, reason.code);
    EXPECT_FALSE(reason.text.empty());
    EXPECT_FALSE(reason.next.empty());
    last = reason.code;
  }
  EXPECT_THROW(FindReason("unheard-of"), std::logic_error);
}

}  // namespace
}  // namespace moetap
