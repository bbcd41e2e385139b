#include "analysis/studies/sharing_counts.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "analysis/studies/expert_union.h"
#include "analysis/studies/token_paths.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// Adds one batch to the sums of each of its trees.
void AddToTrees(std::span<const uint32_t> trees, uint32_t distinct,
                std::vector<BatchSum>* sums) {
  for (size_t i = 0; i < trees.size(); ++i) {
    if (i > 0 && trees[i] == trees[i - 1]) continue;
    BatchSum& sum = (*sums)[trees[i]];
    sum.distinct += distinct;
    ++sum.batches;
  }
}

LayerBatches CountLayer(const Trace& trace, const Batches& batches, size_t l,
                        uint64_t trees) {
  LayerBatches result;
  result.trees.resize(trees);
  const MoeLayer& layer = trace.layers[l];
  ExpertUnion touched(layer.experts);
  for (size_t i = 0; i < batches.count(); ++i) {
    touched.Clear();
    bool usable = true;
    for (uint32_t t = 0; usable && t < batches.size; ++t) {
      usable = touched.Add(trace.set(batches.rows[i * batches.size + t], l));
    }
    if (!usable) {
      ++result.unusable;
      continue;
    }
    const uint32_t distinct = touched.Count();
    if (result.distinct.size() <= distinct)
      result.distinct.resize(distinct + 1);
    ++result.distinct[distinct];
    AddToTrees(std::span(batches.trees).subspan(i * batches.size, batches.size),
               distinct, &result.trees);
  }
  return result;
}

void CountExperts(const Trace& trace, std::span<const uint32_t> rows,
                  SharingCounts* counts) {
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    const uint32_t experts = trace.layers[l].experts;
    std::vector<uint64_t> with(experts, 0);
    uint64_t usable = 0;
    for (const uint32_t row : rows) {
      const auto set = trace.set(row, l);
      if (!IsUsable(set, experts)) continue;
      ++usable;
      for (const uint16_t id : set) {
        if (id >= with.size()) with.resize(size_t{id} + 1, 0);
        ++with[id];
      }
    }
    counts->expert_rows.push_back(std::move(with));
    counts->usable_rows.push_back(usable);
  }
}

void CountKind(const Trace& trace, std::span<const StepRows> steps,
               BatchKind kind, const SharingOptions& options,
               SharingCounts* counts) {
  const auto k = static_cast<size_t>(kind);
  counts->steps[k] = steps.size();
  for (size_t b = 0; b < kBatchSizes.size(); ++b) {
    const Batches batches =
        MakeBatches(steps, kind, kBatchSizes[b], options.batches, options.seed);
    std::vector<LayerBatches>& layers = counts->batches[k][b];
    layers.resize(trace.layers.size());
    std::atomic<size_t> next{0};
    RunWorkers(options.threads, [&] {
      for (size_t l = next++; l < layers.size(); l = next++) {
        layers[l] = CountLayer(trace, batches, l, counts->trees);
      }
    });
  }
}

void Add(const std::vector<uint64_t>& from, std::vector<uint64_t>* to) {
  if (to->size() < from.size()) to->resize(from.size(), 0);
  for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
}

}  // namespace

BatchSum LayerBatches::sum() const {
  BatchSum sum;
  for (size_t d = 0; d < distinct.size(); ++d) {
    sum.distinct += d * distinct[d];
    sum.batches += distinct[d];
  }
  return sum;
}

void SharingCounts::Merge(SharingCounts other) {
  if (expert_rows.empty()) {
    *this = std::move(other);
    return;
  }
  for (size_t kind = 0; kind < kBatchKinds; ++kind) {
    steps[kind] += other.steps[kind];
    for (size_t b = 0; b < kBatchSizes.size(); ++b) {
      for (size_t l = 0; l < batches[kind][b].size(); ++l) {
        LayerBatches& mine = batches[kind][b][l];
        const LayerBatches& theirs = other.batches[kind][b][l];
        Add(theirs.distinct, &mine.distinct);
        mine.unusable += theirs.unusable;
        mine.trees.insert(mine.trees.end(), theirs.trees.begin(),
                          theirs.trees.end());
      }
    }
  }
  for (size_t l = 0; l < expert_rows.size(); ++l) {
    Add(other.expert_rows[l], &expert_rows[l]);
  }
  Add(other.usable_rows, &usable_rows);
  decode_rows += other.decode_rows;
  missing_rows += other.missing_rows;
  trees += other.trees;
  categories.insert(categories.end(), other.categories.begin(),
                    other.categories.end());
  sequences += other.sequences;
}

SharingCounts CountSharing(const Trace& trace, const SharingOptions& options) {
  const Forest forest = BuildForest(trace);
  SharingCounts counts;
  if (options.by_category) counts.categories = TreeCategories(trace, forest);
  const DecodeRows decode = FindDecodeRows(trace, forest, counts.categories);
  counts.decode_rows = decode.rows.size();
  counts.missing_rows = decode.missing;
  counts.trees = forest.roots.size();
  for (const Sequence& sequence : trace.sequences) {
    counts.sequences += !sequence.tokens.empty();
  }
  CountExperts(trace, decode.rows, &counts);
  for (size_t kind = 0; kind < kBatchKinds; ++kind) {
    const auto one = static_cast<BatchKind>(kind);
    if (one == BatchKind::kCategory && !options.by_category) continue;
    CountKind(trace, decode.steps[kind], one, options, &counts);
  }
  return counts;
}

}  // namespace moetap
