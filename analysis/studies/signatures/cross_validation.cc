#include "analysis/studies/signatures/cross_validation.h"

#include <algorithm>
#include <atomic>

#include "analysis/studies/signatures/logistic.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// Predicts the units of one fold in `predicted`; whether the fit converged.
bool PredictFold(const FoldFeatures& features, std::span<const uint32_t> labels,
                 const Folds& folds, uint32_t fold,
                 std::span<uint32_t> predicted) {
  std::vector<uint32_t> train;
  std::vector<uint32_t> test;
  std::vector<uint32_t> train_labels;
  for (uint32_t unit = 0; unit < labels.size(); ++unit) {
    if (folds.of_unit[unit] == fold) {
      test.push_back(unit);
    } else {
      train.push_back(unit);
      train_labels.push_back(labels[unit]);
    }
  }
  const FoldCoordinates at = features(train, test);
  const LogisticFit fit = FitLogistic(at.train, train_labels);
  for (size_t i = 0; i < test.size(); ++i) {
    predicted[test[i]] = PredictClass(
        fit, std::span(at.test).subspan(i * at.dimensions, at.dimensions));
  }
  return at.exact && fit.converged;
}

}  // namespace

OutOfFold PredictFolds(const FoldFeatures& features,
                       std::span<const uint32_t> labels, const Folds& folds) {
  return PredictRepeats(features, labels, {&folds, 1}, 1);
}

OutOfFold PredictRepeats(const FoldFeatures& features,
                         std::span<const uint32_t> labels,
                         std::span<const Folds> repeats, unsigned threads) {
  struct Task {
    size_t repeat;
    uint32_t fold;
  };
  std::vector<Task> tasks;
  for (size_t r = 0; r < repeats.size(); ++r) {
    for (uint32_t f = 0; f < repeats[r].count; ++f) tasks.push_back({r, f});
  }
  OutOfFold result;
  result.fits = tasks.size();
  result.predicted.assign(repeats.size(), std::vector<uint32_t>(labels.size()));
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> unconverged = 0;
  RunWorkers(threads, [&] {
    for (size_t t = next++; t < tasks.size(); t = next++) {
      const auto [repeat, fold] = tasks[t];
      if (!PredictFold(features, labels, repeats[repeat], fold,
                       result.predicted[repeat])) {
        ++unconverged;
      }
    }
  });
  result.unconverged = unconverged;
  return result;
}

std::optional<std::vector<Folds>> RepeatedFolds(
    std::span<const uint32_t> labels, uint32_t classes, uint32_t count,
    uint32_t repeats, uint64_t seed) {
  std::vector<Folds> result;
  for (uint32_t r = 0; r < repeats; ++r) {
    auto folds = StratifiedFolds(labels, classes, count, r, seed);
    if (!folds) return std::nullopt;
    result.push_back(std::move(*folds));
  }
  return result;
}

}  // namespace moetap
