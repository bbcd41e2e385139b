#include "analysis/studies/cut_search.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "analysis/studies/row_jaccard.h"

namespace moetap {
namespace {

class Builder {
 public:
  Builder(const Trace& trace, const Ensemble& ensemble)
      : trace_(trace),
        forest_(ensemble.forest),
        paths_(FindComputed(trace, ensemble.forest)),
        branch_of_(forest_.nodes.size()) {
    for (const EnsembleRequest& request : ensemble.requests) {
      groups_[request.sequence] = request.group;
    }
  }

  CutSearch Build() {
    uint64_t path = 0;
    for (uint32_t n = 0; n < forest_.nodes.size(); ++n) {
      const TreeNode& node = forest_.nodes[n];
      branch_of_[n] = BranchOf(node);
      Extend(node, path, branch_of_[n]);
      AddLeaf(node, branch_of_[n]);
      path += node.end - node.begin;
    }
    for (const TreeNode& node : forest_.nodes) AddEarlier(node);
    return std::move(search_);
  }

 private:
  // A node goes on with its parent's branch if the first request does.
  uint32_t BranchOf(const TreeNode& node) {
    if (node.parent == kNone) return Begin(kNone, 0, node.sequence);
    const uint32_t parent = branch_of_[node.parent];
    if (forest_.nodes[node.parent].sequence == node.sequence) return parent;
    return Begin(parent, node.begin, node.sequence);
  }

  uint32_t Begin(uint32_t parent, uint32_t position, uint32_t sequence) {
    CutBranch branch;
    branch.parent = parent;
    branch.begin = branch.end = position;
    branch.computed = {0};
    search_.tree.push_back(std::move(branch));
    search_.sequences.push_back(sequence);
    search_.earlier.emplace_back();
    search_.rows.emplace_back();
    return static_cast<uint32_t>(search_.tree.size() - 1);
  }

  // `path`: the number of the node's first token path.
  void Extend(const TreeNode& node, uint64_t path, uint32_t b) {
    CutBranch& branch = search_.tree[b];
    branch.end = node.end;
    for (uint32_t p = node.begin; p < node.end; ++p, ++path) {
      branch.computed.push_back(branch.computed.back() +
                                (paths_.sharers[path] > 0 ? 1 : 0));
      const uint32_t row = paths_.rows[path];
      search_.rows[b].push_back(IsUsableRow(trace_, row) ? row : kNone);
    }
  }

  // A leaf that a later path goes through is a branch without own tokens.
  void AddLeaf(const TreeNode& node, uint32_t branch) {
    if (node.ends.empty()) return;
    if (node.ends.front() != node.sequence) {
      branch = Begin(branch, node.end, node.ends.front());
    }
    uint32_t& group = search_.tree[branch].group;
    for (const uint32_t sequence : node.ends) {
      group = std::min(group, groups_.at(sequence));
    }
  }

  void AddEarlier(const TreeNode& node) {
    for (size_t c = 1; c < node.children.size(); ++c) {
      auto& earlier = search_.earlier[branch_of_[node.children[c]]];
      for (size_t e = 0; e < std::min<size_t>(c, kEarlierBranches); ++e) {
        earlier.push_back(branch_of_[node.children[e]]);
      }
    }
  }

  const Trace& trace_;
  const Forest& forest_;
  const ComputedPaths paths_;
  std::map<uint32_t, uint32_t> groups_;  // by sequence
  std::vector<uint32_t> branch_of_;      // by node
  CutSearch search_;
};

}  // namespace

CutSearch BuildCutSearch(const Trace& trace, const Ensemble& ensemble) {
  return Builder(trace, ensemble).Build();
}

std::vector<CutQuestion> AskTokens(const Trace& trace,
                                   const CutSearch& search) {
  std::vector<CutQuestion> questions;
  ForEachQuestion(trace, search, [&](uint32_t b, uint32_t earlier, uint32_t p) {
    const auto& ours = trace.sequences[search.sequences[b]].tokens;
    const auto& theirs = trace.sequences[search.sequences[earlier]].tokens;
    uint32_t equal = 0;
    while (ours[p - 1 - equal] == theirs[p - 1 - equal]) ++equal;
    questions.push_back({b, earlier, p, static_cast<double>(equal)});
  });
  return questions;
}

std::vector<CutQuestion> AskRows(const Trace& trace, const CutSearch& search) {
  const auto row = [&](uint32_t b, uint32_t position) {
    return search.rows[b][position - search.tree[b].begin];
  };
  std::vector<CutQuestion> questions;
  std::vector<double> sums(trace.layers.size());
  ForEachQuestion(trace, search, [&](uint32_t b, uint32_t earlier, uint32_t p) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (uint32_t i = p - kCutWindow; i < p; ++i) {
      if (row(b, i) == kNone || row(earlier, i) == kNone) return;
      AddRowJaccard(trace, row(b, i), row(earlier, i), sums);
    }
    const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
    questions.push_back(
        {b, earlier, p,
         sum / (kCutWindow * static_cast<double>(trace.layers.size()))});
  });
  return questions;
}

}  // namespace moetap
