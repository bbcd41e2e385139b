// Which units are held out together.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLDS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLDS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace moetap {

struct Folds {
  uint32_t count = 0;
  std::vector<uint32_t> of_unit;  // below count
};

// Units in order of their label, in that of their number within a label.
std::vector<uint32_t> UnitsByLabel(std::span<const uint32_t> labels);

// Stratified folds: the units by label are shuffled within each label and then
// dealt round-robin, without starting again at the next label.  So the sizes
// of the folds differ by at most one, and so do the parts of any one class.
// With n units, the class in the places [begin, end) is shuffled by swapping,
// for i = end - 1 down to begin + 1, place i with place
//   begin + Below(seed, kStreamFolds, repeat * n + i, i - begin + 1).
// Labels are below `classes`.  Nothing if a class has fewer units than `count`,
// or none, or there are fewer than two folds.
std::optional<Folds> StratifiedFolds(std::span<const uint32_t> labels,
                                     uint32_t classes, uint32_t count,
                                     uint64_t repeat, uint64_t seed);

// Every unit a fold of its own.
Folds LeaveOneOutFolds(uint32_t units);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLDS_H_
