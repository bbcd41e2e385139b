// How well predicted classes agree with the labels.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_CLASS_SCORES_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_CLASS_SCORES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/folds.h"

namespace moetap {

// Predictions counted by label (rows) and predicted class (columns):
// classes x classes, row after row.
struct Confusion {
  uint32_t classes = 0;
  std::vector<uint64_t> counts;

  explicit Confusion(uint32_t of) : classes(of), counts(size_t{of} * of) {}
  uint64_t& at(uint32_t label, uint32_t predicted) {
    return counts[size_t{label} * classes + predicted];
  }
  uint64_t at(uint32_t label, uint32_t predicted) const {
    return counts[size_t{label} * classes + predicted];
  }
};

// As scikit-learn defines them (metrics.accuracy_score, f1_score with
// average="macro", balanced_accuracy_score).
struct Scores {
  double accuracy = 0;  // share of predictions that are the label
  // Mean of 2 tp / (2 tp + fp + fn) over classes that are a label or predicted.
  double macro_f1 = 0;
  // Mean over the labels of the share of their predictions that are right.
  double balanced_accuracy = 0;
};
// Nothing without predictions.
std::optional<Scores> ScoresOf(const Confusion& confusion);

inline constexpr uint32_t kScoreReplicates = 1000;

// Of the out-of-fold predictions of several repeats, taken together.
struct ClassScores {
  Confusion confusion{0};  // over all repeats: each unit counts once in each
  Scores scores;           // of `confusion`
  // 95 % percentile intervals over units, stratified: the 0.025 and 0.975
  // quantiles of kScoreReplicates values.  A unit takes its predictions of all
  // repeats with it.  With units in order of UnitsByLabel, n of them, place i
  // of replicate r, in the label of places [begin, end), takes the unit of
  // place
  //   begin + Below(seed, kStreamScores, r * n + i, end - begin).
  // They hold the fits as given: not what other training units would change.
  Scores lo;
  Scores hi;
  double majority_rate = 0;  // share of units with the most frequent label
};
// `predicted`: [repeat][unit], below `classes`, as are the labels.  Nothing
// without repeats or units.
std::optional<ClassScores> ScorePredictions(
    std::span<const std::vector<uint32_t>> predicted,
    std::span<const uint32_t> labels, uint32_t classes, uint64_t seed);

// Accuracy within each fold of one repeat, which all have units.
std::vector<double> FoldAccuracies(std::span<const uint32_t> predicted,
                                   std::span<const uint32_t> labels,
                                   const Folds& folds);

// Mean and population deviation, as scripts print them of
// cross_val_score (numpy's mean and std); no standard error, since folds share
// training units.
struct FoldSpread {
  double mean = 0;
  double deviation = 0;
};
// At least one value.
FoldSpread SpreadOf(std::span<const double> values);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_CLASS_SCORES_H_
