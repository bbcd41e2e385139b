#include <gmock/gmock.h>

#include "analysis/studies/fork_tree.h"
#include "analysis/studies/row_groups.h"
#include "analysis/studies/tree_study.h"
#include "analysis/studies/trie_rows.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Trace Forked() {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3, 4, 5});
  AddSequence(&trace, {9, 9});
  AddSequence(&trace, {1, 2, 7, 8});
  AddSequence(&trace, {1, 2, 3, 4, 5});  // as the first
  AddSequence(&trace, {1, 2, 3});        // ends where the first goes on
  return trace;
}

std::string PathsOf(const Trace& trace) {
  const Forest forest = BuildForest(trace);
  const TraceForest view = {&trace, &forest};
  return TreePaths({&view, 1});
}

TEST(ForkTreeTest, NodesAreMaximalSharedRuns) {
  const Forest forest = BuildForest(Forked());
  EXPECT_THAT(forest.roots, ElementsAre(0, 4));
  ASSERT_EQ(forest.nodes.size(), 5u);
  const TreeNode& root = forest.nodes[0];
  EXPECT_EQ(root.end, 2u);
  EXPECT_EQ(root.sequences, 4u);
  EXPECT_EQ(root.leaves, 3u);
  EXPECT_THAT(root.children, ElementsAre(1, 3));
  EXPECT_THAT(forest.nodes[1].ends, ElementsAre(4));     // [1 2] 3
  EXPECT_THAT(forest.nodes[2].ends, ElementsAre(0, 3));  // [1 2 3] 4 5
  EXPECT_THAT(forest.nodes[3].ends, ElementsAre(2));     // [1 2] 7 8
  EXPECT_EQ(forest.nodes[4].parent, kNone);
}

TEST(ForkTreeTest, StatisticsCountTokens) {
  const Trace trace = Forked();
  const ForestStats stats = ComputeForestStats(trace, BuildForest(trace));
  EXPECT_EQ(stats.sequences, 5u);
  EXPECT_EQ(stats.leaves, 4u);
  EXPECT_EQ(stats.forks, 1u);
  EXPECT_EQ(stats.branches, 2u);
  EXPECT_EQ(stats.forked_trees, 1u);
  EXPECT_EQ(stats.depth, 5u);
  EXPECT_EQ(stats.served_tokens, 19u);
  EXPECT_EQ(stats.distinct_tokens, 9u);
  // Four times [1 2], three times the 3 after it.
  EXPECT_EQ(stats.shared_tokens, 11u);
}

TEST(ForkTreeTest, PromptsWithACommonOpeningAreTreesOfTheirOwn) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 4, 7, 7}, 3);
  AddSequence(&trace, {1, 5, 7, 7}, 2);
  AddSequence(&trace, {1, 5, 8, 9, 9}, 4);  // goes on behind the second's
  AddSequence(&trace, {1, 4, 7, 8}, 3);
  const Forest forest = BuildForest(trace);
  ASSERT_EQ(forest.roots.size(), 2u);
  const TreeNode& first = forest.nodes[forest.roots[0]];
  EXPECT_EQ(first.begin, 0u);
  EXPECT_EQ(first.end, 3u);
  EXPECT_EQ(first.sequences, 2u);
  const TreeNode& second = forest.nodes[forest.roots[1]];
  EXPECT_EQ(second.end, 2u);
  EXPECT_EQ(second.children.size(), 2u);
}

TEST(ForkTreeTest, PathsAreTheSameWhateverTheOrderOfRequests) {
  Trace one = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&one, {9, 9});
  AddSequence(&one, {1, 2, 7});
  AddSequence(&one, {1, 2, 3, 4});
  AddSequence(&one, {1, 2, 7});
  Trace other = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&other, {1, 2, 3, 4});
  AddSequence(&other, {1, 2, 7});
  AddSequence(&other, {1, 2, 7});
  AddSequence(&other, {9, 9});
  const std::string paths = PathsOf(one);
  EXPECT_EQ(paths, PathsOf(other));
  EXPECT_EQ(paths,
            R"({"trees":[{"nodes":[{"parent":null,"tokens":[1,2],"ends":0},)"
            R"({"parent":0,"tokens":[3,4],"ends":1},)"
            R"({"parent":0,"tokens":[7],"ends":2}]},)"
            R"({"nodes":[{"parent":null,"tokens":[9,9],"ends":1}]}]})"
            "\n");
}

TEST(ForkTreeTest, EmptyTraceAndEmptySequences) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  EXPECT_THAT(BuildForest(trace).nodes, IsEmpty());
  trace.sequences.resize(2);
  EXPECT_THAT(BuildForest(trace).nodes, IsEmpty());
  EXPECT_EQ(ComputeForestStats(trace, BuildForest(trace)).sequences, 0u);
}

TEST(ForkTreeTest, DeepChainsNeedNoStack) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  std::vector<uint64_t> tokens;
  for (uint64_t i = 0; i < 800; ++i) {
    tokens.push_back(i);
    AddSequence(&trace, tokens);
  }
  const Forest forest = BuildForest(trace);
  EXPECT_EQ(forest.nodes.size(), 800u);
  EXPECT_EQ(forest.nodes.front().leaves, 800u);
}

TEST(RowGroupsTest, OneRowPerPathPairsPerPosition) {
  const Trace trace = Forked();
  const Forest forest = BuildForest(trace);
  const TrieRows rows(trace, forest);
  const RowGroups groups = RowGroups::Fork(rows);
  // Position 2: "3" and "7" of the first tree; position 3 has rows of "4"
  // alone, for the last token of a sequence has none.
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups.Load(0).rows[0].position, 2u);
  EXPECT_EQ(groups.pairs(), 1u);
  EXPECT_EQ(rows.shared(), 2u);  // 1 and 2; the request that ends with 3 has
                                 // no row there
  EXPECT_EQ(rows.rows(), 6u);    // those, 3, 4, 7 and 9
}

TEST(RowGroupsTest, SiblingsEndAtTheNextFork) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 5, 6, 7});
  AddSequence(&trace, {1, 2, 6, 6, 7});
  AddSequence(&trace, {1, 3, 6, 6, 7});
  const Forest forest = BuildForest(trace);
  const TrieRows rows(trace, forest);
  // All: one pair at position 1, three each at 2 and 3.
  EXPECT_EQ(RowGroups::Fork(rows).pairs(), 7u);
  // Siblings: "2" and "3", and those behind "2".
  EXPECT_EQ(RowGroups::Siblings(rows).pairs(), 3u);
}

TEST(TrieRowsTest, OutputIsUnknownWhereThePathForks) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 5, 6});
  AddSequence(&trace, {1, 2, 6, 6});
  AddSequence(&trace, {1, 3, 6, 6});
  const Forest forest = BuildForest(trace);
  const TrieRows rows(trace, forest);
  const auto group = RowGroups::Fork(rows).Load(0);  // "2" and "3"
  EXPECT_FALSE(group.rows[0].output_known);
  EXPECT_THAT(rows.Outputs(group.rows[0]),
              ElementsAre(Pair(5u, 1u), Pair(6u, 1u)));
  EXPECT_TRUE(group.rows[1].output_known);
  EXPECT_THAT(rows.Outputs(group.rows[1]), ElementsAre(Pair(6u, 1u)));
}

TEST(TrieRowsTest, AnotherRequestFillsAMissingRow) {
  Trace trace = Forked();
  const Forest forest = BuildForest(trace);
  trace.sequences[0].positions[2] = {};  // of "3", which request-3 has too
  EXPECT_EQ(TrieRows(trace, forest).missing(), 0u);
  trace.sequences[2].positions[2] = {};  // of "7", which nobody else has
  const TrieRows rows(trace, forest);
  EXPECT_EQ(rows.missing(), 1u);
  EXPECT_EQ(RowGroups::Fork(rows).pairs(), 0u);
}

}  // namespace
}  // namespace moetap
