// Numbers the token paths of a forest, so that what is known of each can stand
// in a vector.
#ifndef MOETAP_ANALYSIS_STUDIES_TOKEN_PATHS_H_
#define MOETAP_ANALYSIS_STUDIES_TOKEN_PATHS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

// Paths are numbered by tree, then by node, then by position: a path comes
// before those that go on from it.  Refers to the trace and the forest.
class TokenPaths {
 public:
  TokenPaths(const Trace& trace, const Forest& forest)
      : trace_(trace), forest_(forest) {
    offsets_.push_back(0);
    for (const TreeNode& node : forest.nodes) {
      offsets_.push_back(offsets_.back() + node.end - node.begin);
    }
  }

  uint64_t size() const { return offsets_.back(); }
  // The paths of a tree are [begin(tree), begin(tree + 1)).
  uint64_t begin(size_t tree) const {
    return offsets_[tree < forest_.roots.size() ? forest_.roots[tree]
                                                : forest_.nodes.size()];
  }

  // Calls visit(path, sequence, position) for each position that has a row,
  // routed or not, of all sequences in trace order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    const std::vector<uint32_t> ends = EndNodes(trace_, forest_);
    for (uint32_t s = 0; s < ends.size(); ++s) {
      const auto rows =
          static_cast<uint32_t>(trace_.sequences[s].positions.size());
      for (uint32_t n = ends[s]; n != kNone; n = forest_.nodes[n].parent) {
        const TreeNode& node = forest_.nodes[n];
        for (uint32_t p = node.begin; p < std::min(node.end, rows); ++p) {
          visit(offsets_[n] + p - node.begin, s, p);
        }
      }
    }
  }

 private:
  const Trace& trace_;
  const Forest& forest_;
  std::vector<uint64_t> offsets_;  // per node, and the end
};

// Whether an ascending set (Trace::ids) has distinct experts and no entry that
// is no route.  `experts` 0: their number is not known.
inline bool IsUsable(std::span<const uint16_t> set, uint32_t experts) {
  constexpr uint32_t kIds = 65535;  // the last one is kNoRoute
  for (size_t i = 1; i < set.size(); ++i) {
    if (set[i - 1] >= set[i]) return false;
  }
  return !set.empty() && set.back() < (experts == 0 ? kIds : experts);
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TOKEN_PATHS_H_
