#include "analysis/studies/signatures/label_accuracy.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// Units predicted right: with all features, then with each layer's.
struct RightCounts {
  std::vector<uint64_t> right;
  uint64_t fits = 0;
  uint64_t unconverged = 0;
};

RightCounts CountRight(std::span<const FoldFeatures> features,
                       std::span<const uint32_t> labels, const Folds& folds) {
  RightCounts result;
  for (const FoldFeatures& one : features) {
    const OutOfFold predictions = PredictFolds(one, labels, folds);
    const auto& predicted = predictions.predicted.front();
    uint64_t right = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (predicted[i] == labels[i]) ++right;
    }
    result.right.push_back(right);
    result.fits += predictions.fits;
    result.unconverged += predictions.unconverged;
  }
  return result;
}

std::vector<uint32_t> Permutation(uint64_t n, uint64_t replicate,
                                  uint64_t seed) {
  std::vector<uint32_t> from(n);
  std::iota(from.begin(), from.end(), 0u);
  for (uint64_t i = n; i-- > 1;) {
    std::swap(from[i],
              from[Below(seed, kStreamFoldLabels, replicate * n + i, i + 1)]);
  }
  return from;
}

RightCounts CountPermuted(std::span<const FoldFeatures> features,
                          std::span<const uint32_t> labels, const Folds& folds,
                          uint64_t replicate, uint64_t seed) {
  std::vector<uint32_t> moved_labels;
  Folds moved{folds.count, {}};
  for (const uint32_t from : Permutation(labels.size(), replicate, seed)) {
    moved_labels.push_back(labels[from]);
    moved.of_unit.push_back(folds.of_unit[from]);
  }
  return CountRight(features, moved_labels, moved);
}

// The test of features `at`; `most`: per permutation what p_adjusted compares.
LabelAccuracyTest TestOne(const RightCounts& observed,
                          const std::vector<RightCounts>& permuted, size_t at,
                          const std::vector<uint64_t>& most, size_t units) {
  const uint64_t right = observed.right[at];
  const auto n = static_cast<double>(units);
  const auto b = static_cast<double>(permuted.size());
  double sum = 0;
  double reached = 0;
  double reached_by_most = 0;
  for (size_t r = 0; r < permuted.size(); ++r) {
    sum += static_cast<double>(permuted[r].right[at]);
    if (permuted[r].right[at] >= right) ++reached;
    if (most[r] >= right) ++reached_by_most;
  }
  LabelAccuracyTest test;
  test.accuracy = static_cast<double>(right) / n;
  if (!permuted.empty()) test.null_accuracy = sum / b / n;
  test.p = (1 + reached) / (1 + b);
  test.p_adjusted = (1 + reached_by_most) / (1 + b);
  return test;
}

}  // namespace

LabelAccuracy TestLabelAccuracy(const FoldFeatures& all,
                                std::span<const FoldFeatures> layers,
                                std::span<const uint32_t> labels,
                                const Folds& folds,
                                const LabelAccuracyOptions& options) {
  std::vector<FoldFeatures> features{all};
  features.insert(features.end(), layers.begin(), layers.end());
  // Place 0 is the observed one.
  std::vector<RightCounts> counts(size_t{options.permutations} + 1);
  std::atomic<size_t> next = 0;
  RunWorkers(options.threads, [&] {
    for (size_t r = next++; r < counts.size(); r = next++) {
      counts[r] =
          r == 0 ? CountRight(features, labels, folds)
                 : CountPermuted(features, labels, folds, r - 1, options.seed);
    }
  });
  LabelAccuracy result;
  for (const RightCounts& one : counts) {
    result.fits += one.fits;
    result.unconverged += one.unconverged;
  }
  const RightCounts observed = std::move(counts.front());
  counts.erase(counts.begin());
  std::vector<uint64_t> of_all;
  std::vector<uint64_t> of_layers;
  for (const RightCounts& one : counts) {
    of_all.push_back(one.right.front());
    if (layers.empty()) continue;
    of_layers.push_back(
        *std::max_element(one.right.begin() + 1, one.right.end()));
  }
  result.all = TestOne(observed, counts, 0, of_all, labels.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    result.layers.push_back(
        TestOne(observed, counts, l + 1, of_layers, labels.size()));
  }
  return result;
}

}  // namespace moetap
