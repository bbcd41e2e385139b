#include "analysis/studies/pair_counts.h"

#include <algorithm>
#include <atomic>

#include "analysis/studies/pair_worker.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

constexpr size_t kListSlice = 4096;  // pairs of a list that one thread takes

// Gives the trees with pairs, and the leaves that are alone on rows of pairs,
// their place in the counts.
void FindOwners(PairWork* work) {
  const Forest& forest = work->source.rows->forest();
  work->tree.assign(forest.roots.size(), kNone);
  work->leaf.assign(forest.nodes.size(), kNone);
  uint32_t trees = 0;
  uint32_t leaves = 0;
  const auto add = [&](uint32_t tree, uint32_t node) {
    if (work->tree[tree] == kNone) work->tree[tree] = trees++;
    if (!forest.nodes[node].children.empty()) return;
    if (work->leaf[node] == kNone) work->leaf[node] = leaves++;
  };
  if (work->source.groups != nullptr) {
    for (size_t g = 0; g < work->source.groups->size(); ++g) {
      const uint32_t tree = work->source.groups->tree(g);
      for (const uint32_t node : work->source.groups->nodes(g)) add(tree, node);
    }
  } else {
    for (const TreePairs& list : *work->source.lists) {
      for (const RowPair& pair : list.pairs) {
        add(list.tree, pair.node_a);
        add(list.tree, pair.node_b);
      }
    }
  }
  const TreeCounts none{Bins(work->cells.size(), 0),
                        Bins(work->cells.size(), 0), Bins(work->by.size(), 0)};
  work->counts.total = none;
  work->counts.trees.assign(trees, none);
  if (work->per_leaf) {
    work->counts.leaves.assign(leaves, Bins(work->cells.size(), 0));
  }
}

std::vector<size_t> PlacesByK(const std::vector<MoeLayer>& layers,
                              const std::vector<MoeLayer>& distinct) {
  std::vector<size_t> places;
  for (const MoeLayer& layer : layers) {
    const auto found =
        std::find_if(distinct.begin(), distinct.end(),
                     [&](const MoeLayer& one) { return one.k == layer.k; });
    places.push_back(static_cast<size_t>(found - distinct.begin()));
  }
  return places;
}

void CountGroups(PairWork* work, unsigned threads) {
  std::atomic<size_t> next{0};
  RunWorkers(threads, [&] {
    GroupCounter counter(work);
    const RowGroups& groups = *work->source.groups;
    for (size_t g = next.fetch_add(1); g < groups.size();
         g = next.fetch_add(1)) {
      counter.Count(groups.Load(g));
    }
    counter.Finish();
  });
}

struct ListSlice {
  uint32_t tree = 0;
  std::span<const RowPair> pairs;
};

std::vector<ListSlice> Slices(const std::vector<TreePairs>& lists) {
  std::vector<ListSlice> slices;
  for (const TreePairs& list : lists) {
    const std::span<const RowPair> all(list.pairs);
    for (size_t at = 0; at < all.size(); at += kListSlice) {
      slices.push_back(
          {list.tree, all.subspan(at, std::min(kListSlice, all.size() - at))});
    }
  }
  return slices;
}

void CountLists(PairWork* work, unsigned threads) {
  const auto slices = Slices(*work->source.lists);
  std::atomic<size_t> next{0};
  RunWorkers(threads, [&] {
    ListCounter counter(work);
    for (size_t i = next.fetch_add(1); i < slices.size();
         i = next.fetch_add(1)) {
      counter.Count(slices[i].tree, slices[i].pairs);
    }
    counter.Finish();
  });
  CountListedExperts(work);
}

}  // namespace

void AddBins(const Bins& from, Bins* to) {
  if (to->size() < from.size()) to->resize(from.size(), 0);
  for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
}

BinLayout::BinLayout(const std::vector<MoeLayer>& layers, size_t slots)
    : slots_(slots) {
  for (const MoeLayer& layer : layers) {
    k_.push_back(layer.k);
    base_.push_back(size_);
    size_ += slots * (size_t{layer.k} + 2);
  }
}

std::vector<MoeLayer> DistinctSizes(const std::vector<MoeLayer>& layers) {
  std::vector<MoeLayer> distinct;
  for (const MoeLayer& layer : layers) {
    if (std::none_of(distinct.begin(), distinct.end(),
                     [&](const MoeLayer& one) { return one.k == layer.k; })) {
      distinct.push_back(layer);
    }
  }
  return distinct;
}

void TreeCounts::Add(const TreeCounts& other) {
  AddBins(other.row, &row);
  AddBins(other.leaf, &leaf);
  AddBins(other.by, &by);
}

void PairCounts::Merge(PairCounts other) {
  total.Add(other.total);
  for (TreeCounts& one : other.trees) trees.push_back(std::move(one));
  for (Bins& bins : other.leaves) leaves.push_back(std::move(bins));
  if (expert_rows.size() < other.expert_rows.size()) {
    expert_rows.resize(other.expert_rows.size());
  }
  for (size_t l = 0; l < other.expert_rows.size(); ++l) {
    AddBins(other.expert_rows[l], &expert_rows[l]);
  }
  rows += other.rows;
  unknown_outputs += other.unknown_outputs;
  unrouted_sets += other.unrouted_sets;
  malformed_sets += other.malformed_sets;
}

PairCounts CountPairs(const PairSource& source, bool per_leaf, unsigned threads,
                      const std::function<void(uint64_t)>& progress) {
  const auto& layers = source.rows->trace().layers;
  const auto distinct = DistinctSizes(layers);
  PairWork work{.source = source,
                .layers = layers,
                .cells = BinLayout(layers, kCells),
                .by = BinLayout(distinct, source.breakdown->slots()),
                .by_of = PlacesByK(layers, distinct),
                .tree = {},
                .leaf = {},
                .per_leaf = per_leaf,
                .progress = progress};
  for (const MoeLayer& layer : layers) {
    work.counts.expert_rows.emplace_back(layer.experts, 0);
  }
  FindOwners(&work);
  if (source.groups != nullptr) {
    CountGroups(&work, threads);
  } else {
    CountLists(&work, threads);
  }
  for (const TreeCounts& tree : work.counts.trees) work.counts.total.Add(tree);
  return std::move(work.counts);
}

}  // namespace moetap
