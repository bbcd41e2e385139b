#include "analysis/studies/row_groups.h"

#include <algorithm>
#include <numeric>

namespace moetap {
namespace {

// Of the pairs of different rows, sum of the products of their leaves.
class SideSum {
 public:
  void Add(uint64_t leaves) {
    sides_ += 2 * leaves * sum_;
    sum_ += leaves;
  }
  uint64_t sides() const { return sides_; }

 private:
  uint64_t sum_ = 0;
  uint64_t sides_ = 0;
};

}  // namespace

void RowGroups::Add(uint32_t tree, std::span<const uint32_t> nodes) {
  const auto& all = rows_->forest().nodes;
  if (nodes.empty()) return;
  uint32_t begin = kNone;
  uint32_t end = 0;
  for (const uint32_t n : nodes) {
    begin = std::min(begin, all[n].begin);
    end = std::max(end, all[n].end);
  }
  std::vector<uint64_t> first(end - begin + 1, 0);
  for (const uint32_t n : nodes) {
    for (uint32_t p = all[n].begin; p < all[n].end; ++p) ++first[p - begin + 1];
  }
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<uint32_t> at(first.back());
  auto next = first;
  for (const uint32_t n : nodes) {
    for (uint32_t p = all[n].begin; p < all[n].end; ++p) {
      at[next[p - begin]++] = n;
    }
  }
  for (uint32_t p = begin; p < end; ++p) {
    const uint64_t kept = nodes_.size();
    const auto from = at.begin() + static_cast<ptrdiff_t>(first[p - begin]);
    const auto to = at.begin() + static_cast<ptrdiff_t>(first[p - begin + 1]);
    if (to - from < 2) continue;
    nodes_.insert(nodes_.end(), from, to);
    Close({tree, p, kept, nodes_.size()});
  }
}

// Counts the nodes of `group`, and keeps those with routing if they are two or
// more.
void RowGroups::Close(Group group) {
  SideSum aligned;
  SideSum routed;
  uint64_t kept = group.first;
  for (uint64_t i = group.first; i < group.last; ++i) {
    const uint32_t leaves = rows_->Leaves(nodes_[i], group.position);
    aligned.Add(leaves);
    if (!rows_->has(nodes_[i], group.position)) continue;
    routed.Add(leaves);
    nodes_[kept++] = nodes_[i];
  }
  aligned_sides_ += aligned.sides();
  routed_sides_ += routed.sides();
  const uint64_t rows = kept - group.first;
  if (rows < 2) kept = group.first;
  nodes_.resize(kept);
  if (rows < 2) return;
  pairs_ += rows * (rows - 1) / 2;
  group.last = kept;
  groups_.push_back(group);
}

RowGroups RowGroups::Fork(const TrieRows& rows) {
  RowGroups groups(rows);
  const Forest& forest = rows.forest();
  std::vector<uint32_t> nodes;
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    nodes.resize(forest.tree_end(tree) - forest.roots[tree]);
    std::iota(nodes.begin(), nodes.end(), forest.roots[tree]);
    groups.Add(tree, nodes);
  }
  return groups;
}

RowGroups RowGroups::Siblings(const TrieRows& rows) {
  RowGroups groups(rows);
  const Forest& forest = rows.forest();
  std::vector<uint32_t> nodes;
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      const TreeNode& fork = forest.nodes[n];
      if (fork.children.size() < 2) continue;
      nodes.clear();
      for (uint32_t way : fork.children) {
        nodes.push_back(way);
        while (forest.nodes[way].children.size() == 1) {
          way = forest.nodes[way].children[0];
          nodes.push_back(way);
        }
      }
      groups.Add(tree, nodes);
    }
  }
  return groups;
}

RowGroup RowGroups::Load(size_t index) const {
  const Group& from = groups_[index];
  RowGroup group;
  group.tree = from.tree;
  for (uint64_t i = from.first; i < from.last; ++i) {
    group.rows.push_back(*rows_->Get(nodes_[i], from.position));
  }
  return group;
}

uint32_t BranchEnd(const Forest& forest, uint32_t node) {
  while (forest.nodes[node].children.size() == 1) {
    node = forest.nodes[node].children[0];
  }
  return forest.nodes[node].end;
}

uint32_t ForkPosition(const Forest& forest, uint32_t a, uint32_t b) {
  while (a != b) {
    uint32_t& lower = forest.nodes[a].begin >= forest.nodes[b].begin ? a : b;
    lower = forest.nodes[lower].parent;
  }
  return forest.nodes[a].end;
}

}  // namespace moetap
