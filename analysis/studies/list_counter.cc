#include <algorithm>
#include <set>

#include "analysis/studies/pair_worker.h"

namespace moetap {
namespace {

constexpr size_t kMostRows = 1024;  // loaded at once

}  // namespace

ListCounter::ListCounter(PairWork* work)
    : work_(*work), loaded_(*work), sizes_(work->layers.size()) {
  slice_ = {Bins(work_.cells.size()), Bins(work_.cells.size()),
            Bins(work_.by.size())};
  leaves_.resize(work_.counts.leaves.size());
}

void ListCounter::Count(uint32_t tree, std::span<const RowPair> pairs) {
  for (Bins* bins : {&slice_.row, &slice_.leaf, &slice_.by}) {
    std::fill(bins->begin(), bins->end(), 0);
  }
  for (size_t i = 0; i < pairs.size();) {
    size_t end = i + 1;
    while (end < pairs.size() && end - i + 1 < kMostRows &&
           pairs[end].node_a == pairs[i].node_a &&
           pairs[end].position_a == pairs[i].position_a) {
      ++end;
    }
    CountRun(pairs.subspan(i, end - i));
    i = end;
  }
  const std::lock_guard lock(work_.mutex);
  work_.counts.trees[work_.tree[tree]].Add(slice_);
}

void ListCounter::Finish() {
  const std::lock_guard lock(work_.mutex);
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
    AddBins(leaves_[leaf], &work_.counts.leaves[leaf]);
  }
}

void ListCounter::CountRun(std::span<const RowPair> pairs) {
  const TrieRows& rows = *work_.source.rows;
  rows_.assign(1, *rows.Get(pairs[0].node_a, pairs[0].position_a));
  for (const RowPair& pair : pairs) {
    rows_.push_back(*rows.Get(pair.node_b, pair.position_b));
  }
  loaded_.Load(rows_);
  const auto end = static_cast<uint32_t>(rows_.size());
  for (size_t l = 0; l < sizes_.size(); ++l) {
    sizes_[l].resize((rows_.size() + 63) / 64 * 64);
    Intersect(loaded_.column(l), 0, 0, end, sizes_[l].data());
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    CountPair(pairs[i], rows_[0], rows_[i + 1], i + 1);
  }
  if (work_.progress) work_.progress(pairs.size());
}

void ListCounter::CountPair(const RowPair& pair, const TrieRow& a,
                            const TrieRow& b, size_t number) {
  const uint32_t fork =
      ForkPosition(work_.source.rows->forest(), a.node, b.node);
  const bool same_input = a.input == b.input;
  const Cell cell = CellOf(a, b);
  uint32_t slots[kDimensions];
  work_.source.breakdown->Slots(loaded_.labels()[0], loaded_.labels()[number],
                                std::min(a.position, b.position) - fork,
                                same_input, slots);
  for (size_t l = 0; l < sizes_.size(); ++l) {
    const SetColumn& column = loaded_.column(l);
    const bool usable =
        column.usable(0) && column.usable(static_cast<uint32_t>(number));
    AddPair(l, usable ? sizes_[l][number] : work_.cells.k(l) + 1, pair, cell,
            same_input, slots);
  }
}

void ListCounter::AddPair(size_t layer, uint32_t size, const RowPair& pair,
                          Cell cell, bool same_input,
                          const uint32_t slots[kDimensions]) {
  const size_t place = work_.cells.offset(layer, cell) + size;
  ++slice_.row[place];
  const auto leaf = [&](bool same) -> uint64_t& {
    const size_t first = work_.cells.offset(layer, CellOf(same_input, same));
    return slice_.leaf[first + size];
  };
  leaf(true) += pair.same_output;
  leaf(false) += pair.leaf_pairs - pair.same_output;
  for (size_t d = 0; d < kDimensions; ++d) {
    ++slice_.by[work_.by.offset(work_.by_of[layer], slots[d]) + size];
  }
  if (!work_.per_leaf) return;
  for (const uint32_t node : {pair.node_a, pair.node_b}) {
    if (work_.leaf[node] == kNone) continue;
    Bins& bins = leaves_[work_.leaf[node]];
    if (bins.empty()) bins.resize(work_.cells.size());
    ++bins[place];
  }
}

void CountListedExperts(PairWork* work) {
  const TrieRows& rows = *work->source.rows;
  LoadedRows loaded(*work);
  std::vector<TrieRow> some;
  const auto flush = [&] {
    loaded.Load(some);
    loaded.CountExperts(&work->counts);
    some.clear();
  };
  for (const TreePairs& list : *work->source.lists) {
    std::vector<std::pair<uint32_t, uint32_t>> all;
    for (const RowPair& pair : list.pairs) {
      all.emplace_back(pair.node_a, pair.position_a);
      all.emplace_back(pair.node_b, pair.position_b);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const auto& [node, position] : all) {
      some.push_back(*rows.Get(node, position));
      if (some.size() == kMostRows) flush();
    }
  }
  flush();
}

}  // namespace moetap
