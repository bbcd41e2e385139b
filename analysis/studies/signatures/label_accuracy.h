// Whether out-of-fold accuracy is more than exchangeable labels give.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_LABEL_ACCURACY_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_LABEL_ACCURACY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/signatures/fold_coordinates.h"
#include "analysis/studies/signatures/folds.h"

namespace moetap {

struct LabelAccuracyOptions {
  uint32_t permutations = 199;
  uint64_t seed = 0;
  unsigned threads = 1;
};

// One set of features against its permutations: T and T_1 ... T_B.
struct LabelAccuracyTest {
  double accuracy = 0;       // over all units, T / units
  double null_accuracy = 0;  // mean of the permutations; 0 without any
  double p = 1;              // (1 + #{T_b >= T}) / (1 + B)
  // Of layers: (1 + #{max over layers of T_b >= T}) / (1 + B), which bounds the
  // chance of any false find among them (Westfall, Young 1993).
  double p_adjusted = 1;
};

struct LabelAccuracy {
  LabelAccuracyTest all;  // p_adjusted = p
  std::vector<LabelAccuracyTest> layers;
  uint64_t fits = 0;
  uint64_t unconverged = 0;  // as in OutOfFold
};

// T is the number of units predicted right out of fold.  Permutation b moves
// the pairs (label, fold) over the units, so that folds stay stratified and T_b
// is the same function as T: from the identity q, for i = n - 1 down to 1, q[i]
// is swapped with q[Below(seed, kStreamFoldLabels, b * n + i, i + 1)], and unit
// i gets the pair of unit q[i].  `all` and every layer see the same ones.
LabelAccuracy TestLabelAccuracy(const FoldFeatures& all,
                                std::span<const FoldFeatures> layers,
                                std::span<const uint32_t> labels,
                                const Folds& folds,
                                const LabelAccuracyOptions& options);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_LABEL_ACCURACY_H_
