// The classes of pairs that locality reports, and estimates for one class.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/studies/pair_counts.h"

namespace moetap {

struct PairClass {
  const char* name;   // as in the results: "jaccard." and this
  const char* label;  // for people
  uint32_t cells;     // bit c: cell c belongs to it
};
const std::vector<PairClass>& PairClasses();

struct PairSum {
  double jaccard = 0;
  uint64_t pairs = 0;
  std::optional<double> mean() const {
    if (pairs == 0) return std::nullopt;
    return jaccard / static_cast<double>(pairs);
  }
};

// Pairs of the cells by size of the intersection: k + 1 numbers.
std::vector<uint64_t> Intersections(const BinLayout& layout, const Bins& bins,
                                    size_t layer, uint32_t cells);

PairSum SumLayer(const BinLayout& layout, const Bins& bins, size_t layer,
                 uint32_t cells);

// Over all layers.
PairSum SumAll(const BinLayout& layout, const Bins& bins, uint32_t cells);

struct Interval {
  std::optional<double> lo;
  std::optional<double> hi;
  uint64_t units = 0;  // units with pairs
};

// Delete-one jackknife: `units` are the sums that vanish with each unit, of
// which those without pairs do not count.  No bounds with fewer than
// `least_units`, or if a class vanishes with one unit.
Interval Jackknife(const PairSum& total, const std::vector<PairSum>& units,
                   uint64_t least_units);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_
