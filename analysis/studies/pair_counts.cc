#include "analysis/studies/pair_counts.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "analysis/studies/set_bits.h"

namespace moetap {
namespace {

// Dense indices for trees and childless nodes that occur in groups.
struct Owners {
  std::vector<uint32_t> tree;  // per tree of the forest; kNone: no pairs
  std::vector<uint32_t> leaf;  // per node; kNone: not on one leaf alone
  uint32_t trees = 0;
  uint32_t leaves = 0;
};

Owners FindOwners(const Forest& forest, const TrieRows& rows) {
  Owners owners;
  owners.tree.assign(forest.roots.size(), kNone);
  owners.leaf.assign(forest.nodes.size(), kNone);
  for (const RowGroup& group : rows.groups) {
    if (owners.tree[group.tree] == kNone) {
      owners.tree[group.tree] = owners.trees++;
    }
    for (const TrieRow& row : group.rows) {
      if (!forest.nodes[row.node].children.empty()) continue;
      if (owners.leaf[row.node] == kNone) {
        owners.leaf[row.node] = owners.leaves++;
      }
    }
  }
  return owners;
}

Cell CellOf(const TrieRow& a, const TrieRow& b) {
  const int input = a.input == b.input ? kSameSame : kDifferentSame;
  if (!a.output_known || !b.output_known) return Cell(input + 2);
  return Cell(input + (a.output == b.output ? 0 : 1));
}

void AddTo(const std::vector<uint32_t>& from, Bins* to) {
  for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
}

uint32_t ExpertBits(const Trace& trace, size_t layer) {
  // 65,535 ids exist; a capture that does not know the number of experts
  // gets room for all.
  const uint32_t experts = trace.layers[layer].experts;
  return experts == 0 ? 65535 : experts;
}

// What all workers share; the results are under the mutex.
struct Work {
  const Trace& trace;
  const TrieRows& rows;
  const Owners& owners;
  const BinLayout& layout;
  const bool per_leaf;
  const std::function<void(uint64_t)>& progress;
  std::atomic<size_t> next{0};
  std::mutex mutex{};
  std::exception_ptr failure{};
  PairCounts counts{};
};

class Worker {
 public:
  explicit Worker(Work* work) : work_(*work), layout_(work->layout) {
    row_bins_.resize(layout_.size());
    unit_bins_.resize(layout_.size());
    layers_.resize(layout_.layers());
    for (size_t l = 0; l < layers_.size(); ++l) {
      layers_[l].words = (ExpertBits(work_.trace, l) + 63) / 64;
    }
  }

  void Run() {
    for (;;) {
      const size_t index = work_.next.fetch_add(1);
      if (index >= work_.rows.groups.size()) return;
      const RowGroup& group = work_.rows.groups[index];
      LoadGroup(group);
      CountGroup(group);
    }
  }

 private:
  void LoadGroup(const RowGroup& group) {
    const size_t rows = group.rows.size();
    uint64_t unrouted = 0;
    uint64_t malformed = 0;
    for (size_t l = 0; l < layers_.size(); ++l) {
      LayerBits& layer = layers_[l];
      layer.bits.assign(rows * layer.words, 0);
      layer.usable.assign(rows, 0);
      for (size_t r = 0; r < rows; ++r) {
        const SetState state = WriteBits(work_.trace.set(group.rows[r].row, l),
                                         ExpertBits(work_.trace, l),
                                         layer.bits.data() + r * layer.words);
        layer.usable[r] = state == SetState::kUsable;
        unrouted += state == SetState::kUnrouted;
        malformed += state == SetState::kMalformed;
      }
    }
    const std::lock_guard lock(work_.mutex);
    work_.counts.unrouted_sets += unrouted;
    work_.counts.malformed_sets += malformed;
    CountExperts(group);
  }

  void CountExperts(const RowGroup& group) {
    for (size_t l = 0; l < layers_.size(); ++l) {
      auto& counts = work_.counts.expert_rows[l];
      for (size_t r = 0; r < group.rows.size(); ++r) {
        if (!layers_[l].usable[r]) continue;
        for (const uint16_t id : work_.trace.set(group.rows[r].row, l)) {
          if (id >= counts.size()) counts.resize(size_t{id} + 1);
          ++counts[id];
        }
      }
    }
  }

  void CountGroup(const RowGroup& group) {
    const size_t rows = group.rows.size();
    std::fill(unit_bins_.begin(), unit_bins_.end(), 0);
    for (size_t a = 0; a < rows; ++a) {
      std::fill(row_bins_.begin(), row_bins_.end(), 0);
      FindCells(group, a);
      CountRange(a, a + 1, rows);
      AddTo(row_bins_, &unit_bins_);
      const uint32_t leaf = work_.owners.leaf[group.rows[a].node];
      if (work_.per_leaf && leaf != kNone) {
        CountRange(a, 0, a);
        const std::lock_guard lock(work_.mutex);
        AddTo(row_bins_, &work_.counts.leaves[leaf]);
      }
      if (work_.progress) work_.progress(rows - a - 1);
    }
    const std::lock_guard lock(work_.mutex);
    Bins& tree = work_.counts.trees[work_.owners.tree[group.tree]];
    for (size_t i = 0; i < unit_bins_.size(); ++i) {
      tree[i] += unit_bins_[i];
      work_.counts.total[i] += unit_bins_[i];
    }
  }

  void FindCells(const RowGroup& group, size_t a) {
    cells_.resize(group.rows.size());
    bin_.resize(group.rows.size());
    for (size_t b = 0; b < group.rows.size(); ++b) {
      cells_[b] = CellOf(group.rows[a], group.rows[b]);
    }
  }

  void CountRange(size_t a, size_t first, size_t last) {
    for (size_t l = 0; l < layers_.size(); ++l) {
      for (size_t b = first; b < last; ++b) {
        bin_[b] = static_cast<uint32_t>(cells_[b] * layout_.width(l));
      }
      CountRow(layers_[l], a, first, last, bin_.data(), layout_.k(l) + 1,
               row_bins_.data() + layout_.offset(l, 0));
    }
  }

  Work& work_;
  const BinLayout& layout_;
  std::vector<LayerBits> layers_;
  std::vector<uint32_t> row_bins_;
  Bins unit_bins_;
  std::vector<Cell> cells_;
  std::vector<uint32_t> bin_;
};

void RunWorker(Work* work) {
  try {
    Worker(work).Run();
  } catch (...) {
    const std::lock_guard lock(work->mutex);
    work->failure = std::current_exception();
  }
}

}  // namespace

BinLayout::BinLayout(const std::vector<MoeLayer>& layers) {
  for (const MoeLayer& layer : layers) {
    k_.push_back(layer.k);
    base_.push_back(size_);
    size_ += kCells * (size_t{layer.k} + 2);
  }
}

void PairCounts::Merge(PairCounts other) {
  if (total.empty()) {
    *this = std::move(other);
    return;
  }
  for (size_t i = 0; i < total.size(); ++i) total[i] += other.total[i];
  for (Bins& bins : other.trees) trees.push_back(std::move(bins));
  for (Bins& bins : other.leaves) leaves.push_back(std::move(bins));
  for (size_t l = 0; l < expert_rows.size(); ++l) {
    auto& mine = expert_rows[l];
    const auto& theirs = other.expert_rows[l];
    if (mine.size() < theirs.size()) mine.resize(theirs.size());
    for (size_t e = 0; e < theirs.size(); ++e) mine[e] += theirs[e];
  }
  unrouted_sets += other.unrouted_sets;
  malformed_sets += other.malformed_sets;
}

PairCounts CountPairs(const Trace& trace, const Forest& forest,
                      const TrieRows& rows, bool per_leaf, unsigned threads,
                      const std::function<void(uint64_t)>& progress) {
  const BinLayout layout(trace.layers);
  const Owners owners = FindOwners(forest, rows);
  Work work{trace, rows, owners, layout, per_leaf, progress};
  work.counts.total.assign(layout.size(), 0);
  work.counts.trees.assign(owners.trees, Bins(layout.size(), 0));
  if (per_leaf) {
    work.counts.leaves.assign(owners.leaves, Bins(layout.size(), 0));
  }
  for (const MoeLayer& layer : trace.layers) {
    work.counts.expert_rows.emplace_back(layer.experts, 0);
  }
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(RunWorker, &work);
  RunWorker(&work);
  for (std::thread& thread : others) thread.join();
  if (work.failure) std::rethrow_exception(work.failure);
  return std::move(work.counts);
}

}  // namespace moetap
