#include <gmock/gmock.h>

#include "analysis/studies/tree_study.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A trace and what the study makes of it.
struct Planted {
  explicit Planted(Trace made)
      : trace(std::move(made)),
        forest(BuildForest(trace)),
        view{&trace, &forest},
        study(RunTree({&view, 1}, {})) {}

  std::string Text(size_t max_nodes = 100) const {
    return TreeText({&view, 1}, study, {}, max_nodes);
  }
  std::string Dot() const { return TreeDot({&view, 1}, {}); }

  const Trace trace;
  const Forest forest;
  const TraceForest view;
  const TreeStudy study;
};

// "a" computes [1 2 3 4] and the second token twice; "b" inherits [1 2] from
// it and misses the row of 5.
Trace WithSources() {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3, 4, 9}, 2);
  AddSequence(&trace, {1, 2, 5, 6}, 2);
  Sequence& a = trace.sequences[0];
  a.id = "a";
  a.external_id = "client-a";
  a.preemptions = 1;
  a.positions[1].executions = 2;
  a.returned_tokens = 1;
  a.positions[3].unreturned = true;
  Sequence& b = trace.sequences[1];
  b.id = "b";
  b.finish_reason = "abort";
  for (uint32_t p = 0; p < 2; ++p) {
    b.positions[p].source = Source::kInherited;
    b.positions[p].from = 0;
    b.positions[p].executions = 0;
  }
  b.positions[2] = {};
  b.positions[2].reason = MissingReason::kDropped;
  b.positions[2].executions = 1;
  return trace;
}

TEST(TreeStudyTest, RowsAreCountedByWhereTheyComeFrom) {
  const Planted planted(WithSources());
  const auto& document = planted.study.document;
  EXPECT_EQ(document.unit("served_rows"), 7u);
  EXPECT_EQ(document.unit("distinct_rows"), 5u);  // 1, 2, 3, 4 and 5
  EXPECT_EQ(document.unit("computed_rows"), 6u);
  EXPECT_EQ(document.unit("replayed_rows"), 1u);
  EXPECT_EQ(document.unit("observed_rows"), 4u);
  EXPECT_EQ(document.unit("inherited_rows"), 2u);
  EXPECT_EQ(document.unit("missing_rows"), 1u);
  EXPECT_EQ(document.unit("preempted_sequences"), 1u);
  EXPECT_EQ(document.unit("unreturned_tokens"), 2u);
  EXPECT_DOUBLE_EQ(*document.Find("computed_share")->estimate, 6.0 / 7);
  EXPECT_DOUBLE_EQ(*document.Find("computed_per_distinct")->estimate, 1.2);
  EXPECT_DOUBLE_EQ(*document.Find("depth.mean")->estimate, 4.5);
  EXPECT_DOUBLE_EQ(*document.Find("fork_depth.mean")->estimate, 1);
}

TEST(TreeStudyTest, NodesHaveTheRowsOfTheirOwnPositions) {
  const Planted planted(WithSources());
  const auto rows = CountNodeRows(planted.trace, planted.forest);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(RowsText(rows[0]), "o2 i2 r1");
  EXPECT_EQ(RowsText(rows[1]), "o2");
  EXPECT_EQ(RowsText(rows[2]), "m1");
}

TEST(TreeStudyTest, RunsTellEachPosition) {
  const Planted planted(WithSources());
  EXPECT_EQ(ProvenanceText(planted.trace, planted.trace.sequences[0], 9),
            "[0..1) observed; [1..2) observed, computed 2 times; [2..3) "
            "observed; [3..4) observed, not returned");
  EXPECT_EQ(ProvenanceText(planted.trace, planted.trace.sequences[1], 9),
            "[0..2) inherited from a; [2..3) missing (dropped)");
  EXPECT_EQ(ProvenanceText(planted.trace, planted.trace.sequences[0], 1),
            "[0..1) observed; and 3 more runs");
}

TEST(TreeStudyTest, WhatAnEndWentThroughIsNamed) {
  const Planted planted(WithSources());
  EXPECT_THAT(
      planted.Text(),
      HasSubstr(
          "[0..2) x2 o2 i2 r1  1 2\n"
          "├─ [2..5) x1 o2  3 4 9  <- client-a (preempted 1x, 1 rows again, 2 "
          "not returned)\n"
          "└─ [2..4) x1 m1  5 6  <- b (abort)\n"));
  EXPECT_THAT(planted.Dot(), HasSubstr("color=orange"));
  EXPECT_THAT(planted.Dot(), HasSubstr("color=red"));
  EXPECT_THAT(planted.Dot(), HasSubstr("b: [0..2) inherited from a;"));
}

TEST(TreeStudyTest, GroupsAreTheForestsOfTheirRequests) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3});
  AddSequence(&trace, {1, 2, 4});
  AddSequence(&trace, {1, 5, 4});
  EXPECT_THAT(Planted(trace).study.groups, IsEmpty());
  trace.sequences[0].strategy = "tree";
  trace.sequences[2].strategy = "tree";
  const Planted planted(trace);
  const Json& groups = planted.study.groups;
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0]["name"], "");
  EXPECT_EQ(groups[0]["units"]["forks"], 0);
  EXPECT_EQ(groups[1]["name"], "tree");
  EXPECT_EQ(groups[1]["units"]["forks"], 1);
  EXPECT_EQ(groups[1]["units"]["distinct_tokens"], 5);
  EXPECT_EQ(planted.study.document.unit("forks"), 2u);
}

TEST(TreeStudyTest, CapturesAreNumberedOneAfterTheOther) {
  const Planted one(WithSources());
  const TraceForest twice[] = {one.view, one.view};
  const TreeStudy study = RunTree(twice, {});
  EXPECT_EQ(study.document.unit("trees"), 2u);
  EXPECT_EQ(study.document.unit("depth"), 5u);
  EXPECT_EQ(study.document.unit("served_rows"), 14u);
  const Json& second = study.document.trees[1];
  EXPECT_EQ(second["capture"], 1);
  EXPECT_EQ(second["nodes"][0]["node"], 3);
  EXPECT_EQ(second["nodes"][1]["parent"], 3);
  EXPECT_THAT(TreeDot(twice, {}), HasSubstr("n3 -> n5;"));
  EXPECT_THAT(TreeText(twice, study, {}, 4), HasSubstr("2 more nodes"));
}

TEST(TreeTextTest, EscapesRequestIds) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 3});
  AddSequence(&trace, {1, 4});
  trace.sequences[1].id = "evil\x1b[2J";
  trace.sequences[1].strategy = "a\x1b[2Jb";
  const Planted planted(trace);
  EXPECT_THAT(planted.Text(), HasSubstr("└─ [1..2) x1  4  <- evil\\x1b[2J\n"));
  EXPECT_THAT(planted.Text(), HasSubstr("strategy a\\x1b[2Jb"));
  EXPECT_THAT(planted.Text(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(planted.Text(1), HasSubstr("2 more nodes"));
}

TEST(TreeTextTest, DotQuotes) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 3});
  trace.sequences[0].id = "a\"];evil[\"";
  EXPECT_THAT(Planted(trace).Dot(), HasSubstr("a\\\"];evil[\\\""));
}

TEST(TreeTextTest, DroppedBeamsAreDashed) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2});
  AddSequence(&trace, {1, 3});
  trace.sequences[1].finish_reason = "pruned";
  const Planted planted(trace);
  EXPECT_THAT(planted.Dot(), Not(HasSubstr("request-0: [0..1) observed\", s")));
  EXPECT_THAT(planted.Dot(), HasSubstr("observed\", style=dashed"));
  EXPECT_THAT(planted.Text(), HasSubstr("<- request-1 (pruned)"));
  EXPECT_EQ(planted.study.document.unit("pruned_sequences"), 1u);
}

}  // namespace
}  // namespace moetap
