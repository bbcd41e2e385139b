// From pairs of leaves to pairs of rows.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "analysis/error.h"
#include "analysis/machine_memory.h"
#include "analysis/studies/leaf_pairs.h"
#include "analysis/studies/row_groups.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

constexpr uint64_t kChunk = 64;  // pairs of leaves that one worker takes

// One aligned pair of rows of one pair of leaves.
struct Entry {
  uint32_t path_a;         // within the tree
  uint32_t path_b_output;  // path of b, times 2, plus 1 if outputs are equal
  bool operator<(const Entry& other) const {
    return std::pair(path_a, path_b_output) <
           std::pair(other.path_a, other.path_b_output);
  }
};

// The nodes of a leaf's path, by position behind a fork.
class Path {
 public:
  Path(const Forest& forest, uint32_t end_node, uint32_t fork)
      : fork_(fork), nodes_(forest.nodes[end_node].end - fork) {
    uint32_t way = end_node;
    for (uint32_t n = end_node; n != kNone && forest.nodes[n].end > fork;
         n = forest.nodes[n].parent) {
      const TreeNode& node = forest.nodes[n];
      for (uint32_t p = node.begin; p < node.end; ++p) nodes_[p - fork] = n;
      way = n;
    }
    branch_end_ = BranchEnd(forest, way);
  }
  uint32_t node(uint32_t position) const { return nodes_[position - fork_]; }
  uint32_t branch_end() const { return branch_end_; }

 private:
  uint32_t fork_;
  uint32_t branch_end_ = 0;
  std::vector<uint32_t> nodes_;
};

class Aligner {
 public:
  Aligner(const LeafPairPlan& plan, unsigned threads,
          const std::function<void(uint64_t)>& progress)
      : plan_(plan),
        rows_(*plan.rows),
        forest_(rows_.forest()),
        leaf_pairs_(forest_),
        threads_(threads),
        progress_(progress),
        entries_(forest_.roots.size()),
        most_entries_(MachineMemory() / 2 / sizeof(Entry) / 3) {}

  std::vector<TreePairs> Run(AlignmentCounts* counts) {
    std::atomic<uint64_t> next{0};
    RunWorkers(threads_, [&] {
      for (uint64_t at = next.fetch_add(kChunk); at < plan_.numbers.size();
           at = next.fetch_add(kChunk)) {
        AlignChunk(at, std::min<uint64_t>(at + kChunk, plan_.numbers.size()));
      }
    });
    counts->Merge(counts_);
    std::vector<TreePairs> result;
    for (uint32_t tree = 0; tree < entries_.size(); ++tree) {
      if (entries_[tree].empty()) continue;
      result.push_back(Collect(tree));
    }
    return result;
  }

 private:
  void AlignChunk(uint64_t from, uint64_t to) {
    AlignmentCounts counts;
    std::vector<Entry> entries;
    uint32_t tree = leaf_pairs_.At(plan_.numbers[from]).tree;
    for (uint64_t i = from; i < to; ++i) {
      const auto pair = leaf_pairs_.At(plan_.numbers[i]);
      if (pair.tree != tree) Flush(tree, &entries);
      tree = pair.tree;
      AlignPair(pair, &counts, &entries);
    }
    Flush(tree, &entries);
    const std::lock_guard lock(mutex_);
    counts_.Merge(counts);
    if (progress_) progress_(to - from);
  }

  void Flush(uint32_t tree, std::vector<Entry>* entries) {
    const std::lock_guard lock(mutex_);
    total_entries_ += entries->size();
    if (total_entries_ > most_entries_) {
      throw Error(
          "the aligned rows do not fit into half of this machine's memory; "
          "compare fewer sequences with --pairs sample:N");
    }
    auto& all = entries_[tree];
    all.insert(all.end(), entries->begin(), entries->end());
    entries->clear();
  }

  void AlignPair(const LeafPairs::Pair& pair, AlignmentCounts* counts,
                 std::vector<Entry>* entries) const {
    ++counts->leaf_pairs;
    const uint32_t fork = ForkPosition(forest_, pair.a, pair.b);
    if (fork == forest_.nodes[pair.a].end) {
      ++counts->prefix_pairs;
      return;
    }
    const auto& sequences = rows_.trace().sequences;
    const Sequence& a = sequences[forest_.nodes[pair.a].ends.front()];
    const Sequence& b = sequences[forest_.nodes[pair.b].ends.front()];
    counts->tail_rows += TailRows(a, fork) + TailRows(b, fork);
    const AlignedTails aligned = plan_.alignment->Align(a, b, fork);
    counts->unaligned.Add(aligned.unaligned);
    const Path path_a(forest_, pair.a, fork);
    const Path path_b(forest_, pair.b, fork);
    const uint64_t first = rows_.Path(forest_.roots[pair.tree], 0);
    for (const auto& [i, j] : aligned.rows) {
      const uint32_t p = fork + i;
      const uint32_t q = fork + j;
      if (plan_.siblings &&
          (p >= path_a.branch_end() || q >= path_b.branch_end())) {
        counts->unaligned[Unaligned::kBeyondFork] += 2;
        continue;
      }
      const uint32_t node_a = path_a.node(p);
      const uint32_t node_b = path_b.node(q);
      if (!rows_.has(node_a, p) || !rows_.has(node_b, q)) {
        counts->unaligned[Unaligned::kMissing] += 2;
        continue;
      }
      const bool same = a.tokens[p + 1] == b.tokens[q + 1];
      entries->push_back(
          {static_cast<uint32_t>(rows_.Path(node_a, p) - first),
           static_cast<uint32_t>(2 * (rows_.Path(node_b, q) - first) + same)});
    }
  }

  TreePairs Collect(uint32_t tree) {
    std::vector<Entry> entries = std::move(entries_[tree]);
    std::sort(entries.begin(), entries.end());
    const uint64_t first = rows_.Path(forest_.roots[tree], 0);
    TreePairs result;
    result.tree = tree;
    for (size_t i = 0; i < entries.size();) {
      const Entry& head = entries[i];
      RowPair pair;
      Locate(tree, first + head.path_a, &pair.node_a, &pair.position_a);
      Locate(tree, first + head.path_b_output / 2, &pair.node_b,
             &pair.position_b);
      for (; i < entries.size() && entries[i].path_a == head.path_a &&
             entries[i].path_b_output / 2 == head.path_b_output / 2;
           ++i) {
        ++pair.leaf_pairs;
        pair.same_output += entries[i].path_b_output % 2;
      }
      result.pairs.push_back(pair);
    }
    return result;
  }

  void Locate(uint32_t tree, uint64_t path, uint32_t* node,
              uint32_t* position) const {
    uint32_t low = forest_.roots[tree];
    uint32_t high = forest_.tree_end(tree);
    while (high - low > 1) {
      const uint32_t middle = low + (high - low) / 2;
      (rows_.Path(middle, forest_.nodes[middle].begin) <= path ? low : high) =
          middle;
    }
    *node = low;
    *position =
        static_cast<uint32_t>(forest_.nodes[low].begin + path -
                              rows_.Path(low, forest_.nodes[low].begin));
  }

  const LeafPairPlan& plan_;
  const TrieRows& rows_;
  const Forest& forest_;
  const LeafPairs leaf_pairs_;
  const unsigned threads_;
  const std::function<void(uint64_t)>& progress_;
  std::mutex mutex_;  // guards what follows
  AlignmentCounts counts_;
  std::vector<std::vector<Entry>> entries_;  // per tree
  uint64_t total_entries_ = 0;
  const uint64_t most_entries_;
};

}  // namespace

std::vector<TreePairs> AlignLeafPairs(
    const LeafPairPlan& plan, unsigned threads, AlignmentCounts* counts,
    const std::function<void(uint64_t)>& progress) {
  return Aligner(plan, threads, progress).Run(counts);
}

}  // namespace moetap
