// Predictions of units by a classifier that has not seen them.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_CROSS_VALIDATION_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_CROSS_VALIDATION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/fold_coordinates.h"
#include "analysis/studies/signatures/folds.h"

namespace moetap {

// Every unit predicted once per repeat, by the classifier of logistic.h and a
// scaler that are fitted to the other folds of the repeat.
struct OutOfFold {
  std::vector<std::vector<uint32_t>> predicted;  // [repeat][unit]
  uint64_t fits = 0;
  // Fits without a solution.  Their predictions are those of the best point
  // found, and of the class frequencies alone if the units could not be
  // decomposed.
  uint64_t unconverged = 0;
};

// One repeat.  Each fold holds at least one unit, and not all.  One thread.
OutOfFold PredictFolds(const FoldFeatures& features,
                       std::span<const uint32_t> labels, const Folds& folds);

// All `repeats`, on up to `threads` threads; the result does not depend on
// their number.
OutOfFold PredictRepeats(const FoldFeatures& features,
                         std::span<const uint32_t> labels,
                         std::span<const Folds> repeats, unsigned threads);

// Each with StratifiedFolds, repeat after repeat; nothing if that has none.
std::optional<std::vector<Folds>> RepeatedFolds(
    std::span<const uint32_t> labels, uint32_t classes, uint32_t count,
    uint32_t repeats, uint64_t seed);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_CROSS_VALIDATION_H_
