#include "analysis/studies/joined.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/studies/row_jaccard.h"
#include "analysis/studies/trie_rows.h"

namespace moetap {
namespace {

// Leaves by group, and how many there are.
struct Leaves {
  std::map<uint32_t, uint64_t> groups;
  uint64_t count = 0;

  void Add(uint32_t group, uint64_t leaves) {
    groups[group] += leaves;
    count += leaves;
  }
  void Add(const Leaves& other) {
    for (const auto& [group, leaves] : other.groups) Add(group, leaves);
  }
};

// A path that leads a number of rows behind a fork.
struct Stub {
  uint32_t sequence = 0;       // one that runs through it
  std::vector<uint32_t> rows;  // from the fork on
  bool usable = true;          // all of them
  Leaves leaves;               // behind it
};

class Counter {
 public:
  Counter(const Trace& trace, const Ensemble& ensemble, uint32_t rows)
      : trace_(trace),
        trie_rows_(trace, ensemble.forest),
        nodes_(ensemble.forest.nodes),
        rows_(rows),
        ends_(nodes_.size()),
        below_(nodes_.size()) {
    counts_.equivalent_jaccard.resize(trace.layers.size());
    counts_.different_jaccard.resize(trace.layers.size());
    LabelNodes(ensemble);
  }

  JoinedCounts Count() {
    for (const TreeNode& node : nodes_) CountFork(node);
    counts_.routing = CountConcordant(&by_routing_);
    counts_.tokens = CountConcordant(&by_tokens_);
    return std::move(counts_);
  }

 private:
  void LabelNodes(const Ensemble& ensemble) {
    std::map<uint32_t, uint32_t> groups;
    for (const EnsembleRequest& request : ensemble.requests) {
      groups[request.sequence] = request.group;
    }
    for (auto n = static_cast<uint32_t>(nodes_.size()); n-- > 0;) {
      uint32_t group = kNone;
      for (const uint32_t sequence : nodes_[n].ends) {
        group = std::min(group, groups.at(sequence));
      }
      if (group != kNone) ends_[n].Add(group, 1);
      below_[n].Add(ends_[n]);
      if (nodes_[n].parent != kNone) below_[nodes_[n].parent].Add(below_[n]);
    }
  }

  // Adds the paths that go on from `stub` through node `n` and have the row
  // before `end`.
  void FindStubs(uint32_t n, uint32_t end, Stub stub,
                 std::vector<Stub>* stubs) const {
    const TreeNode& node = nodes_[n];
    for (uint32_t p = node.begin; p < std::min(node.end, end); ++p) {
      const auto row = trie_rows_.Get(n, p);
      stub.rows.push_back(row ? row->row : kNone);
      stub.usable = stub.usable && IsUsableRow(trace_, stub.rows.back());
    }
    if (node.end < end) {
      for (const uint32_t child : node.children) {
        FindStubs(child, end, stub, stubs);
      }
      return;
    }
    stub.sequence = node.sequence;
    if (node.end > end) {
      stub.leaves = below_[n];
    } else {
      // A leaf that ends with this token has no row for it.
      for (const uint32_t child : node.children) stub.leaves.Add(below_[child]);
    }
    if (stub.leaves.count > 0) stubs->push_back(std::move(stub));
  }

  void CountFork(const TreeNode& fork) {
    if (fork.children.size() < 2) return;
    std::vector<std::vector<Stub>> stubs;
    std::vector<uint64_t> all;
    for (const uint32_t child : fork.children) {
      all.push_back(below_[child].count);
      stubs.emplace_back();
      FindStubs(child, fork.end + rows_, {}, &stubs.back());
    }
    for (size_t a = 0; a < stubs.size(); ++a) {
      for (size_t b = a + 1; b < stubs.size(); ++b) {
        uint64_t pairs = all[a] * all[b];
        for (const Stub& one : stubs[a]) {
          for (const Stub& other : stubs[b]) {
            pairs -= one.leaves.count * other.leaves.count;
            CountPair(one, other, fork.end);
          }
        }
        counts_.short_pairs += pairs;
      }
    }
  }

  void CountPair(const Stub& a, const Stub& b, uint32_t begin) {
    const uint64_t pairs = a.leaves.count * b.leaves.count;
    if (!a.usable || !b.usable) {
      counts_.unusable_pairs += pairs;
      return;
    }
    uint64_t equivalent = 0;
    for (const auto& [group, leaves] : a.leaves.groups) {
      const auto found = b.leaves.groups.find(group);
      if (found != b.leaves.groups.end()) equivalent += leaves * found->second;
    }
    const uint64_t different = pairs - equivalent;
    counts_.equivalent += equivalent;
    counts_.different += different;
    const double routing = Jaccard(a, b, equivalent, different);
    by_routing_.push_back({routing, equivalent, different});
    by_tokens_.push_back({EqualTokens(a, b, begin), equivalent, different});
  }

  // Adds to the layers as well.
  double Jaccard(const Stub& a, const Stub& b, uint64_t equivalent,
                 uint64_t different) {
    std::vector<double> sums(trace_.layers.size(), 0);
    for (uint32_t i = 0; i < rows_; ++i) {
      AddRowJaccard(trace_, a.rows[i], b.rows[i], sums);
    }
    double mean = 0;
    for (size_t l = 0; l < sums.size(); ++l) {
      const double index = sums[l] / rows_;
      counts_.equivalent_jaccard[l].Add(
          {static_cast<double>(equivalent) * index, equivalent});
      counts_.different_jaccard[l].Add(
          {static_cast<double>(different) * index, different});
      mean += index / static_cast<double>(sums.size());
    }
    // Equal but for the order of summation is equal.
    return std::nearbyint(mean * 0x1p40) * 0x1p-40;
  }

  double EqualTokens(const Stub& a, const Stub& b, uint32_t begin) const {
    const auto& ours = trace_.sequences[a.sequence].tokens;
    const auto& theirs = trace_.sequences[b.sequence].tokens;
    uint32_t equal = 0;
    for (uint32_t p = begin; p < begin + rows_; ++p) {
      equal += ours[p] == theirs[p];
    }
    return static_cast<double>(equal) / rows_;
  }

  const Trace& trace_;
  const TrieRows trie_rows_;
  const std::vector<TreeNode>& nodes_;
  const uint32_t rows_;
  std::vector<Leaves> ends_;   // by node: that end in it
  std::vector<Leaves> below_;  // that end in it or below
  std::vector<ScoredPairs> by_routing_;
  std::vector<ScoredPairs> by_tokens_;
  JoinedCounts counts_;
};

}  // namespace

RatioSum CountConcordant(std::vector<ScoredPairs>* pairs) {
  std::sort(pairs->begin(), pairs->end(),
            [](const ScoredPairs& a, const ScoredPairs& b) {
              return a.score < b.score;
            });
  double concordant = 0;
  uint64_t equivalent = 0;
  uint64_t below = 0;  // different pairs with a lower score
  for (size_t i = 0; i < pairs->size();) {
    ScoredPairs tied{(*pairs)[i].score, 0, 0};
    for (; i < pairs->size() && (*pairs)[i].score == tied.score; ++i) {
      tied.equivalent += (*pairs)[i].equivalent;
      tied.different += (*pairs)[i].different;
    }
    concordant +=
        static_cast<double>(tied.equivalent) *
        (static_cast<double>(below) + static_cast<double>(tied.different) / 2);
    equivalent += tied.equivalent;
    below += tied.different;
  }
  return {concordant, equivalent * below};
}

void JoinedCounts::Add(const JoinedCounts& other) {
  equivalent += other.equivalent;
  different += other.different;
  short_pairs += other.short_pairs;
  unusable_pairs += other.unusable_pairs;
  routing.Add(other.routing);
  tokens.Add(other.tokens);
  equivalent_jaccard.resize(other.equivalent_jaccard.size());
  different_jaccard.resize(other.different_jaccard.size());
  for (size_t l = 0; l < equivalent_jaccard.size(); ++l) {
    equivalent_jaccard[l].Add(other.equivalent_jaccard[l]);
    different_jaccard[l].Add(other.different_jaccard[l]);
  }
}

JoinedCounts CountJoined(const Trace& trace, const Ensemble& ensemble,
                         uint32_t rows) {
  return Counter(trace, ensemble, rows).Count();
}

}  // namespace moetap
