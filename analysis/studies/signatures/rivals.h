// What a classifier may know without any routing: features that rival the
// signatures, for cross-validation on the same folds.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_RIVALS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_RIVALS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/signatures/fold_coordinates.h"

namespace moetap {

// One feature: the length of each unit, as its number of counted rows.
FoldFeatures LengthFeatures(std::span<const double> lengths);

// How often a unit has a token; no pair of unit and token twice.
struct TokenCount {
  uint32_t unit = 0;
  uint64_t token = 0;
  double count = 0;
};

// One feature per distinct token.  Only inner products are computed, from the
// counts that are not 0: O(sum of squares of units per token), whatever the
// number of tokens.
FoldFeatures TokenFeatures(std::vector<TokenCount> counts);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_RIVALS_H_
