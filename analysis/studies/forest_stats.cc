#include <algorithm>

#include "analysis/studies/fork_tree.h"

namespace moetap {
namespace {

void AddSequence(const Sequence& sequence, ForestStats* stats) {
  ++stats->sequences;
  stats->served_tokens += sequence.tokens.size();
  stats->preempted_sequences += sequence.preemptions > 0 ? 1 : 0;
  stats->pruned_sequences += sequence.finish_reason == "pruned" ? 1 : 0;
  stats->unreturned_tokens += UnreturnedTokens(sequence);
  for (const Position& position : sequence.positions) {
    stats->rows.Add(position);
  }
}

}  // namespace

void RowCounts::Add(const Position& position) {
  observed += position.source == Source::kObserved ? 1 : 0;
  inherited += position.source == Source::kInherited ? 1 : 0;
  missing += position.source == Source::kMissing ? 1 : 0;
  computed += position.executions;
  replayed += position.executions > 1 ? position.executions - 1u : 0u;
}

void RowCounts::Add(const RowCounts& other) {
  observed += other.observed;
  inherited += other.inherited;
  missing += other.missing;
  computed += other.computed;
  replayed += other.replayed;
}

void ForestStats::Add(const ForestStats& other) {
  trees += other.trees;
  nodes += other.nodes;
  sequences += other.sequences;
  leaves += other.leaves;
  forks += other.forks;
  forked_trees += other.forked_trees;
  branches += other.branches;
  most_branches = std::max(most_branches, other.most_branches);
  depth = std::max(depth, other.depth);
  leaf_tokens += other.leaf_tokens;
  fork_depth = std::max(fork_depth, other.fork_depth);
  leaf_forks += other.leaf_forks;
  served_tokens += other.served_tokens;
  distinct_tokens += other.distinct_tokens;
  shared_tokens += other.shared_tokens;
  distinct_rows += other.distinct_rows;
  rows.Add(other.rows);
  preempted_sequences += other.preempted_sequences;
  pruned_sequences += other.pruned_sequences;
  unreturned_tokens += other.unreturned_tokens;
}

ForestStats ComputeTreeStats(const Trace& trace, const Forest& forest,
                             size_t tree) {
  const uint32_t root = forest.roots[tree];
  const uint32_t end = forest.tree_end(tree);
  ForestStats stats;
  stats.trees = 1;
  stats.nodes = end - root;
  std::vector<uint64_t> forks(end - root, 0);  // on the path, itself included
  for (uint32_t i = root; i < end; ++i) {
    const TreeNode& node = forest.nodes[i];
    const uint64_t above = node.parent == kNone ? 0 : forks[node.parent - root];
    const uint64_t ways = node.children.size();
    const uint64_t length = node.end - node.begin;
    forks[i - root] = above + (ways > 1 ? 1 : 0);
    stats.fork_depth = std::max(stats.fork_depth, forks[i - root]);
    stats.depth = std::max<uint64_t>(stats.depth, node.end);
    stats.distinct_tokens += length;
    stats.distinct_rows += length - (ways == 0 ? 1 : 0);
    if (node.leaves > 1) stats.shared_tokens += length * node.sequences;
    if (ways > 1) {
      ++stats.forks;
      stats.branches += ways;
      stats.most_branches = std::max(stats.most_branches, ways);
    }
    if (node.ends.empty()) continue;
    ++stats.leaves;
    stats.leaf_tokens += node.end;
    stats.leaf_forks += above;
    for (const uint32_t s : node.ends) AddSequence(trace.sequences[s], &stats);
  }
  stats.forked_trees = stats.forks > 0 ? 1 : 0;
  return stats;
}

ForestStats ComputeForestStats(const Trace& trace, const Forest& forest) {
  ForestStats stats;
  for (size_t tree = 0; tree < forest.roots.size(); ++tree) {
    stats.Add(ComputeTreeStats(trace, forest, tree));
  }
  return stats;
}

std::vector<RowCounts> CountNodeRows(const Trace& trace, const Forest& forest) {
  std::vector<RowCounts> counts(forest.nodes.size());
  for (const TreeNode& last : forest.nodes) {
    for (const uint32_t s : last.ends) {
      const auto& positions = trace.sequences[s].positions;
      const TreeNode* node = &last;
      size_t p = positions.size();
      while (true) {
        RowCounts& count = counts[static_cast<size_t>(node - &forest.nodes[0])];
        while (p > node->begin) count.Add(positions[--p]);
        if (node->parent == kNone) break;
        node = &forest.nodes[node->parent];
      }
    }
  }
  return counts;
}

uint64_t UnreturnedTokens(const Sequence& sequence) {
  if (sequence.returned_tokens == kNone) return 0;
  const uint64_t got =
      uint64_t{sequence.prompt_tokens} + sequence.returned_tokens;
  return std::max<uint64_t>(sequence.tokens.size(), got) - got;
}

std::vector<uint32_t> EndNodes(const Trace& trace, const Forest& forest) {
  std::vector<uint32_t> end(trace.sequences.size(), kNone);
  for (uint32_t i = 0; i < forest.nodes.size(); ++i) {
    for (const uint32_t sequence : forest.nodes[i].ends) end[sequence] = i;
  }
  return end;
}

}  // namespace moetap
