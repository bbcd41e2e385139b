#include "analysis/studies/locality_sums.h"

#include <algorithm>
#include <stdexcept>

#include "analysis/studies/baselines.h"
#include "analysis/studies/locality.h"

namespace moetap {

const PairClass& FindPairClass(const std::string& name) {
  for (const PairClass& one : PairClasses()) {
    if (one.name == name) return one;
  }
  throw std::logic_error("unknown class of pairs " + name);
}

LocalitySums::LocalitySums(const LocalityCounts& counts)
    : counts_(counts),
      layers_(*counts.layers),
      layout_(layers_, kCells),
      once_(layers_, 1),
      by_layout_(DistinctSizes(layers_), counts.breakdown->slots()) {
  for (size_t l = 0; l < layers_.size(); ++l) {
    baselines_.push_back(ComputeBaselines(l));
  }
  const size_t trees = counts.pairs.trees.size();
  if (counts.population && trees >= kTreesForBootstrap) {
    resamples_ = BootstrapIndices(static_cast<uint32_t>(trees),
                                  kBootstrapReplicates, counts.seed);
  }
}

Baselines LocalitySums::ComputeBaselines(size_t l) const {
  const uint32_t k = layers_[l].k;
  const uint32_t experts = layers_[l].experts;
  Baselines result;
  if (k > 0 && experts >= k) {
    result.uniform = UniformExpectation(experts, k);
    result.ratio = RatioOfExpectations(experts, k);
  }
  const auto& rows = counts_.pairs.expert_rows[l];
  uint64_t ids = 0;
  for (const uint64_t count : rows) ids += count;
  if (k > 0) result.popularity = PopularityExpectation(rows, ids / k, k);
  return result;
}

const Bins& LocalitySums::BinsOf(const std::string& weight,
                                 const TreeCounts& tree) const {
  return weight == "leaf" ? tree.leaf : tree.row;
}

Sums LocalitySums::OfClass(const std::string& weight, uint32_t cells,
                           Layer layer) const {
  const auto sum = [&](const Bins& bins) {
    return layer ? SumLayer(layout_, bins, *layer, cells)
                 : SumAll(layout_, bins, cells);
  };
  Sums sums;
  sums.total = sum(BinsOf(weight, counts_.pairs.total));
  if (counts_.population || weight == "tree") {
    for (const TreeCounts& tree : counts_.pairs.trees) {
      sums.units.push_back(sum(BinsOf(weight, tree)));
    }
  } else if (weight == "row") {
    for (const Bins& leaf : counts_.pairs.leaves) {
      sums.units.push_back(sum(leaf));
    }
  }
  return sums;
}

Sums LocalitySums::OfSlot(uint32_t slot) const {
  const auto sum = [&](const Bins& bins) {
    RatioSum result;
    for (size_t l = 0; l < by_layout_.layers(); ++l) {
      result.Add(SumSlot(by_layout_, bins, l, slot));
    }
    return result;
  };
  Sums sums;
  sums.total = sum(counts_.pairs.total.by);
  if (!counts_.population) return sums;
  for (const TreeCounts& tree : counts_.pairs.trees) {
    sums.units.push_back(sum(tree.by));
  }
  return sums;
}

Sums LocalitySums::OfElsewhere(const Elsewhere& elsewhere, Layer layer) const {
  const auto sum = [&](const Bins& bins) {
    return layer ? SumLayer(once_, bins, *layer, 1) : SumAll(once_, bins, 1);
  };
  Sums sums;
  sums.total = sum(elsewhere.total);
  if (elsewhere.trees.empty()) return sums;
  for (const uint32_t tree : counts_.trees) {
    sums.units.push_back(sum(elsewhere.trees[tree]));
  }
  return sums;
}

Sums LocalitySums::OfNoise(Layer layer) const {
  const auto sum = [&](const LayerIntersections& counts) {
    RatioSum result;
    for (size_t l = 0; l < counts.size(); ++l) {
      if (layer && l != *layer) continue;
      const uint32_t k = layers_[l].k;
      for (uint32_t i = 0; i <= k; ++i) {
        result.Add(
            {static_cast<double>(counts[l][i]) * Jaccard(k, i), counts[l][i]});
      }
    }
    return result;
  };
  Sums sums;
  sums.total = sum(counts_.noise.total);
  if (!counts_.population) return sums;
  for (const LayerIntersections& tree : counts_.noise.trees) {
    sums.units.push_back(sum(tree));
  }
  return sums;
}

std::vector<uint64_t> LocalitySums::Sizes(uint32_t cells, size_t layer) const {
  return Intersections(layout_, counts_.pairs.total.row, layer, cells);
}

std::optional<double> LocalitySums::Mean(
    uint32_t cells,
    const std::function<std::optional<double>(size_t)>& value) const {
  double sum = 0;
  uint64_t pairs = 0;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const uint64_t here =
        SumLayer(layout_, counts_.pairs.total.row, l, cells).count;
    if (here == 0) continue;
    const auto found = value(l);
    if (!found) return std::nullopt;
    sum += static_cast<double>(here) * *found;
    pairs += here;
  }
  if (pairs == 0) return std::nullopt;
  return sum / static_cast<double>(pairs);
}

StudyResult& LocalitySums::Append(std::string name, Layer layer,
                                  StudyDocument* document) const {
  StudyResult& result = document->results.emplace_back();
  result.name = std::move(name);
  if (layer) result.layer = layers_[*layer].number;
  return result;
}

void LocalitySums::SetPooled(const Sums& sums, StudyResult* result) const {
  result->pairs = sums.total.count;
  result->estimate = Ratio(sums.total);
  SetInterval(JackknifeRatio(sums.total, sums.units,
                             counts_.population ? kTreesForInterval : 2),
              result);
  if (!resamples_.empty() && sums.units.size() == resamples_.units) {
    result->bootstrap = BootstrapRatio(sums.units, resamples_);
  }
}

void LocalitySums::SetTreeMean(const Sums& sums, StudyResult* result) const {
  result->pairs = sums.total.count;
  result->estimate = MeanOfRatios(sums.units);
  SetInterval(JackknifeMean(sums.units, kTreesForInterval), result);
  if (!resamples_.empty()) {
    result->bootstrap = BootstrapMean(sums.units, resamples_);
  }
}

void LocalitySums::SetInterval(const Interval& interval,
                               StudyResult* result) const {
  const bool trees = counts_.population || result->weight != "row";
  result->lo = interval.lo;
  result->hi = interval.hi;
  result->n_units = interval.units;
  result->n_effective = interval.effective;
  result->unit = trees ? "tree" : "distinct sequence";
  if (!interval.lo) return;
  result->method = trees ? "delete-one-tree jackknife, t"
                         : "delete-one-sequence jackknife, t; conditional on "
                           "these trees";
}

}  // namespace moetap
