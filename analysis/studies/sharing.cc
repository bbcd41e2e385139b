#include "analysis/studies/sharing.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/studies/intervals.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/same_layers.h"

namespace moetap {
namespace {

// Experts that `rows` rows of one batch touch: the expectation without sharing.
struct Expected {
  std::optional<double> uniform;
  std::optional<double> popularity;
};

Expected ExpectDistinct(const MoeLayer& layer,
                        const std::vector<uint64_t>& expert_rows,
                        uint64_t usable_rows, uint32_t rows) {
  Expected expected;
  if (layer.experts >= layer.k && layer.k > 0) {
    const double experts = layer.experts;
    expected.uniform = experts * (1 - std::pow(1 - layer.k / experts, rows));
  }
  if (usable_rows > 0) {
    double sum = 0;
    for (const uint64_t with : expert_rows) {
      const double share =
          static_cast<double>(with) / static_cast<double>(usable_rows);
      sum += 1 - std::pow(1 - share, rows);
    }
    expected.popularity = sum;
  }
  return expected;
}

// A mean of expectations, each weighted by how often it is compared with.
class MeanExpected {
 public:
  void Add(const Expected& expected, uint64_t weight) {
    if (weight == 0) return;
    weight_ += weight;
    AddOne(expected.uniform, weight, &sum_.uniform);
    AddOne(expected.popularity, weight, &sum_.popularity);
  }

  std::vector<std::pair<std::string, std::optional<double>>> Baselines(
      double factor) const {
    return {{"uniform", Mean(sum_.uniform, factor)},
            {"popularity", Mean(sum_.popularity, factor)}};
  }

 private:
  static void AddOne(std::optional<double> value, uint64_t weight,
                     std::optional<double>* sum) {
    if (!value || !*sum) {
      sum->reset();
    } else {
      **sum += static_cast<double>(weight) * *value;
    }
  }
  std::optional<double> Mean(std::optional<double> sum, double factor) const {
    if (weight_ == 0 || !sum) return std::nullopt;
    return factor * *sum / static_cast<double>(weight_);
  }

  uint64_t weight_ = 0;
  Expected sum_{0, 0};
};

// Turns counts into results.
class Summary {
 public:
  Summary(const std::vector<MoeLayer>& layers, const SharingCounts& counts,
          const ServedSteps& served, std::optional<uint64_t> expert_bytes)
      : layers_(layers),
        counts_(counts),
        served_(served),
        expert_bytes_(expert_bytes) {}

  std::vector<StudyResult> Results() {
    for (size_t kind = 0; kind < kBatchKinds; ++kind) {
      for (size_t b = 0; b < kBatchSizes.size(); ++b) {
        AddBatches(
            fmt::format("{}.b{}", BatchKindName(static_cast<BatchKind>(kind)),
                        kBatchSizes[b]),
            kBatchSizes[b], counts_.batches[kind][b]);
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
  Expected Expect(size_t layer, uint32_t rows) const {
    return ExpectDistinct(layers_[layer], counts_.expert_rows[layer],
                          counts_.usable_rows[layer], rows);
  }

  // Over `layers`, an interval over trees.
  StudyResult EstimateBatches(const std::vector<LayerBatches>& batches,
                              std::span<const size_t> layers) const {
    RatioSum total;
    std::vector<RatioSum> trees(counts_.trees);
    const auto add = [](const BatchSum& from, RatioSum* to) {
      to->Add({static_cast<double>(from.distinct), from.batches});
    };
    for (const size_t l : layers) {
      add(batches[l].sum(), &total);
      for (size_t t = 0; t < trees.size(); ++t) {
        add(batches[l].trees[t], &trees[t]);
      }
    }
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

  void AddBatches(const std::string& name, uint32_t rows,
                  const std::vector<LayerBatches>& batches) {
    MeanExpected mean;
    std::vector<size_t> all;
    std::vector<StudyResult> of_layers;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const Expected expected = Expect(l, rows);
      mean.Add(expected, batches[l].sum().batches);
      all.push_back(l);
      StudyResult result = EstimateBatches(batches, {&all.back(), 1});
      result.name = "distinct." + name;
      result.layer = layers_[l].number;
      result.baselines = {{"uniform", expected.uniform},
                          {"popularity", expected.popularity}};
      of_layers.push_back(std::move(result));
    }
    AddOverall(name, EstimateBatches(batches, all), mean);
    std::move(of_layers.begin(), of_layers.end(), std::back_inserter(results_));
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
  std::vector<StudyResult> results_;
};

// Layers times batches left out.
uint64_t Unusable(const SharingCounts& counts) {
  uint64_t unusable = 0;
  for (const auto& sizes : counts.batches) {
    for (const auto& layers : sizes) {
      for (const LayerBatches& layer : layers) unusable += layer.unusable;
    }
  }
  return unusable;
}

// Trees that have a row in a batch that counts, in some layer.
uint64_t TreesWithBatches(const SharingCounts& counts) {
  std::vector<bool> found(counts.trees, false);
  for (const auto& sizes : counts.batches) {
    for (const auto& layers : sizes) {
      for (const LayerBatches& layer : layers) {
        for (size_t t = 0; t < layer.trees.size(); ++t) {
          if (layer.trees[t].batches > 0) found[t] = true;
        }
      }
    }
  }
  return static_cast<uint64_t>(std::count(found.begin(), found.end(), true));
}

void AddUnits(const SharingCounts& counts, const ServedSteps& served,
              StudyDocument* document) {
  document->units = {{"trees", counts.trees},
                     {"trees_with_batches", TreesWithBatches(counts)},
                     {"sequences", counts.sequences},
                     {"decode_rows", counts.decode_rows},
                     {"missing_rows", counts.missing_rows},
                     {"siblings_steps", counts.steps[0]},
                     {"unrelated_steps", counts.steps[1]},
                     {"unusable_batches", Unusable(counts)},
                     {"served_steps", served.decode},
                     {"served_unusable", served.unusable},
                     {"served_other_steps", served.others}};
}

void Warn(bool if_so, const char* code, StudyDocument* document) {
  if (if_so) document->warnings.push_back(code);
}

// What is left out.
void AddLossWarnings(StudyDocument* document) {
  Warn(std::any_of(document->inputs.begin(), document->inputs.end(),
                   [](const StudyInput& input) { return input.losses; }),
       "drops", document);
  Warn(document->unit("missing_rows") > 0, "missing-rows", document);
  Warn(document->unit("unusable_batches") > 0 ||
           document->unit("served_unusable") > 0,
       "unusable-batches", document);
}

// Which figures there are not.
void AddAbsenceWarnings(bool bytes_known, StudyDocument* document) {
  Warn(document->unit("siblings_steps") == 0, "no-siblings", document);
  Warn(document->unit("unrelated_steps") == 0, "no-unrelated", document);
  Warn(true, "no-labels", document);
  Warn(!bytes_known, "no-expert-bytes", document);
}

// Why nothing can be computed, or "".
std::string Obstacle(const StudyDocument& document) {
  if (document.unit("sequences") == 0) return "no-sequences";
  if (document.unit("decode_rows") == 0) return "no-decode-rows";
  return document.unit("trees_with_batches") == 0 ? "no-batches" : "";
}

}  // namespace

StudyDocument RunSharing(std::span<const Trace> traces,
                         const ServedSteps& served,
                         std::optional<uint64_t> expert_bytes,
                         const SharingOptions& options,
                         std::vector<StudyInput> inputs) {
  SharingCounts counts;
  for (const Trace& trace : traces) {
    RequireSameLayers(traces.front(), trace);
    counts.Merge(CountSharing(trace, options));
  }
  StudyDocument document;
  document.study = "sharing";
  document.definitions = {"row@1",
                          "fork-tree@2",
                          "decode-row@1",
                          "batch.siblings@1",
                          "batch.unrelated@1",
                          "step.served@1",
                          "distinct@1",
                          "expected.uniform@1",
                          "expected.popularity@1",
                          "expert-bytes@1",
                          "interval.trees-of-batches@2"};
  document.options = {{"sizes", kBatchSizes}, {"batches", options.batches}};
  document.options["expert_bytes"] =
      expert_bytes ? Json(*expert_bytes) : Json(nullptr);
  document.seed = options.seed;
  document.inputs = std::move(inputs);
  AddUnits(counts, served, &document);
  AddLossWarnings(&document);
  document.reason = Obstacle(document);
  if (!document.reason.empty()) {
    document.status = StudyStatus::kNotComputable;
    return document;
  }
  AddAbsenceWarnings(expert_bytes.has_value(), &document);
  document.results =
      Summary(traces.front().layers, counts, served, expert_bytes).Results();
  if (document.unit("trees_with_batches") < kTreesForInterval) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-trees";
  }
  return document;
}

}  // namespace moetap
