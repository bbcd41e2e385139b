#include "analysis/studies/leaf_pairs.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "analysis/studies/counter_rng.h"

namespace moetap {

void AlignmentCounts::Merge(const AlignmentCounts& other) {
  leaf_pairs += other.leaf_pairs;
  prefix_pairs += other.prefix_pairs;
  tail_rows += other.tail_rows;
  unaligned.Add(other.unaligned);
}

AlignmentCounts CountTails(const TrieRows& rows) {
  const auto& nodes = rows.forest().nodes;
  AlignmentCounts counts;
  std::vector<uint64_t> ends_above(nodes.size(), 0);
  uint64_t leaves = 0;
  for (uint32_t n = 0; n < nodes.size(); ++n) {
    const TreeNode& node = nodes[n];
    if (node.parent == kNone) {
      leaves = node.leaves;
      counts.leaf_pairs += leaves * (leaves - 1) / 2;
    } else {
      ends_above[n] =
          ends_above[node.parent] + !nodes[node.parent].ends.empty();
    }
    if (!node.ends.empty()) counts.prefix_pairs += ends_above[n];
    // Leaves that have left the path before this node.
    const uint64_t others = leaves - node.leaves - ends_above[n];
    for (uint32_t p = node.begin; p < node.end; ++p) {
      counts.tail_rows += rows.Leaves(n, p) * others;
    }
  }
  return counts;
}

LeafPairs::LeafPairs(const Forest& forest) {
  first_.push_back(0);
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    ends_.emplace_back();
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      if (!forest.nodes[n].ends.empty()) ends_.back().push_back(n);
    }
    const uint64_t leaves = ends_.back().size();
    first_.push_back(first_.back() + leaves * (leaves - 1) / 2);
  }
}

LeafPairs::Pair LeafPairs::At(uint64_t number) const {
  const auto after = std::upper_bound(first_.begin(), first_.end(), number);
  const auto tree = static_cast<uint32_t>(after - first_.begin() - 1);
  const uint64_t within = number - first_[tree];
  // b is the greatest with b (b - 1) / 2 <= within; the root may be one off.
  auto b = static_cast<uint64_t>(
      (1 + std::sqrt(1 + 8 * static_cast<double>(within))) / 2);
  while (b * (b - 1) / 2 > within) --b;
  while (b * (b + 1) / 2 <= within) ++b;
  const uint64_t a = within - b * (b - 1) / 2;
  return {tree, ends_[tree][a], ends_[tree][b]};
}

std::vector<uint64_t> SamplePairs(uint64_t size, uint64_t count,
                                  uint64_t seed) {
  std::vector<uint64_t> numbers;
  if (count >= size) {
    for (uint64_t i = 0; i < size; ++i) numbers.push_back(i);
    return numbers;
  }
  std::unordered_set<uint64_t> chosen;
  for (uint64_t last = size - count; last < size; ++last) {
    const uint64_t drawn = Below(seed, kStreamLeafPairs, last, last + 1);
    numbers.push_back(chosen.insert(drawn).second ? drawn : last);
    chosen.insert(numbers.back());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace moetap
