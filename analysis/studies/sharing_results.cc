#include "analysis/studies/sharing_results.h"

#include <fmt/format.h>

#include <bit>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "analysis/studies/intervals.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/sharing_expected.h"

namespace moetap {
namespace {

class Summary {
 public:
  Summary(const std::vector<MoeLayer>& layers, const SharingCounts& counts,
          const ServedSteps& served, std::optional<uint64_t> expert_bytes)
      : layers_(layers),
        counts_(counts),
        served_(served),
        expert_bytes_(expert_bytes) {
    for (size_t t = 0; t < counts.categories.size(); ++t) {
      const std::string& category = counts.categories[t];
      if (!category.empty()) trees_of_[category].push_back(t);
    }
  }

  std::vector<StudyResult> Results() {
    for (size_t kind = 0; kind < kBatchKinds; ++kind) {
      for (size_t b = 0; b < kBatchSizes.size(); ++b) {
        AddBatches(static_cast<BatchKind>(kind), kBatchSizes[b],
                   counts_.batches[kind][b]);
      }
    }
    // 1, 2, 3 and 4, 5 to 8, ... rows.
    std::map<uint32_t, std::vector<uint32_t>> buckets;
    for (const auto& [rows, sums] : served_.by_rows) {
      buckets[std::bit_ceil(rows)].push_back(rows);
    }
    for (const auto& [most, rows] : buckets) AddServed(most, rows);
    return std::move(results_);
  }

 private:
  ExpectedDistinct Expect(size_t layer, uint32_t rows) const {
    return ExpectDistinct(layers_[layer], counts_.expert_rows[layer],
                          counts_.usable_rows[layer], rows);
  }

  static void Add(const BatchSum& from, RatioSum* to) {
    to->Add({static_cast<double>(from.distinct), from.batches});
  }

  // With an interval over `trees`, what is gone with each of them.
  static StudyResult Estimate(const RatioSum& total,
                              std::span<const RatioSum> trees) {
    StudyResult result;
    const Interval interval = JackknifeRatio(total, trees, kTreesForInterval);
    result.estimate = Ratio(total);
    result.lo = interval.lo;
    result.hi = interval.hi;
    if (interval.lo) result.method = "delete-one-tree jackknife, t";
    result.unit = "tree";
    result.n_units = interval.units;
    result.n_effective = interval.effective;
    result.pairs = total.count;
    return result;
  }

  StudyResult EstimateBatches(std::span<const LayerBatches> layers) const {
    RatioSum total;
    std::vector<RatioSum> trees(counts_.trees);
    for (const LayerBatches& layer : layers) {
      Add(layer.sum(), &total);
      for (size_t t = 0; t < trees.size(); ++t) Add(layer.trees[t], &trees[t]);
    }
    return Estimate(total, trees);
  }

  void AddBatches(BatchKind kind, uint32_t rows,
                  const std::vector<LayerBatches>& batches) {
    if (batches.empty()) return;
    const std::string name = fmt::format("{}.b{}", BatchKindName(kind), rows);
    MeanExpected mean;
    std::vector<StudyResult> of_layers;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const ExpectedDistinct expected = Expect(l, rows);
      mean.Add(expected, batches[l].sum().batches);
      StudyResult result = EstimateBatches({&batches[l], 1});
      result.name = "distinct." + name;
      result.layer = layers_[l].number;
      result.baselines = {{"uniform", expected.uniform},
                          {"popularity", expected.popularity}};
      of_layers.push_back(std::move(result));
    }
    AddOverall(name, EstimateBatches(batches), mean);
    std::move(of_layers.begin(), of_layers.end(), std::back_inserter(results_));
    if (kind == BatchKind::kCategory) AddCategories(name, rows, batches);
  }

  // Each category that has batches, over all layers.
  void AddCategories(const std::string& name, uint32_t rows,
                     const std::vector<LayerBatches>& batches) {
    for (const auto& [category, trees] : trees_of_) {
      // A batch of a category is in the sums of as many trees as it has rows.
      RatioSum rows_of_all;
      std::vector<RatioSum> of_trees(trees.size());
      MeanExpected mean;
      for (size_t l = 0; l < layers_.size(); ++l) {
        const uint64_t before = rows_of_all.count;
        for (size_t i = 0; i < trees.size(); ++i) {
          Add(batches[l].trees[trees[i]], &of_trees[i]);
          Add(batches[l].trees[trees[i]], &rows_of_all);
        }
        mean.Add(Expect(l, rows), (rows_of_all.count - before) / rows);
      }
      if (rows_of_all.count == 0) continue;
      StudyResult result = Estimate(
          {rows_of_all.sum / rows, rows_of_all.count / rows}, of_trees);
      result.name = "distinct." + name;
      result.dimension = "category";
      result.value = category;
      result.baselines = mean.Baselines(1);
      results_.push_back(std::move(result));
    }
  }

  // A bucket of steps as served, its largest number of rows being `most`.
  void AddServed(uint32_t most, const std::vector<uint32_t>& bucket) {
    MeanExpected mean;
    BatchSum total;
    std::vector<StudyResult> of_layers;
    const std::string name =
        most <= 2 ? fmt::format("served.r{}", most)
                  : fmt::format("served.r{}_{}", most / 2 + 1, most);
    for (size_t l = 0; l < layers_.size(); ++l) {
      MeanExpected of_layer;
      BatchSum sum;
      for (const uint32_t rows : bucket) {
        const BatchSum& steps = served_.by_rows.at(rows)[l];
        sum.distinct += steps.distinct;
        sum.batches += steps.batches;
        of_layer.Add(Expect(l, rows), steps.batches);
        mean.Add(Expect(l, rows), steps.batches);
      }
      total.distinct += sum.distinct;
      total.batches += sum.batches;
      StudyResult result = EstimateServed(sum);
      result.name = "distinct." + name;
      result.layer = layers_[l].number;
      result.baselines = of_layer.Baselines(1);
      of_layers.push_back(std::move(result));
    }
    AddOverall(name, EstimateServed(total), mean);
    std::move(of_layers.begin(), of_layers.end(), std::back_inserter(results_));
  }

  static StudyResult EstimateServed(const BatchSum& sum) {
    StudyResult result;
    if (sum.batches > 0) {
      result.estimate =
          static_cast<double>(sum.distinct) / static_cast<double>(sum.batches);
    }
    result.unit = "step and layer";
    result.n_units = sum.batches;
    result.pairs = sum.batches;
    return result;
  }

  // `result`: distinct experts over all layers.
  void AddOverall(const std::string& name, StudyResult result,
                  const MeanExpected& mean) {
    result.name = "distinct." + name;
    result.baselines = mean.Baselines(1);
    results_.push_back(result);
    if (!expert_bytes_) return;
    const double factor = static_cast<double>(*expert_bytes_) *
                          static_cast<double>(layers_.size());
    for (auto* value : {&result.estimate, &result.lo, &result.hi}) {
      if (*value) **value *= factor;
    }
    result.name = "bytes." + name;
    result.baselines = mean.Baselines(factor);
    results_.push_back(std::move(result));
  }

  const std::vector<MoeLayer>& layers_;
  const SharingCounts& counts_;
  const ServedSteps& served_;
  const std::optional<uint64_t> expert_bytes_;
  std::map<std::string, std::vector<size_t>> trees_of_;  // by category
  std::vector<StudyResult> results_;
};

}  // namespace

std::vector<StudyResult> SharingResults(const std::vector<MoeLayer>& layers,
                                        const SharingCounts& counts,
                                        const ServedSteps& served,
                                        std::optional<uint64_t> expert_bytes) {
  return Summary(layers, counts, served, expert_bytes).Results();
}

}  // namespace moetap
