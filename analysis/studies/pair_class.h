// The classes of pairs that locality reports, and their sums.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_

#include <cstdint>
#include <vector>

#include "analysis/studies/intervals.h"
#include "analysis/studies/pair_counts.h"

namespace moetap {

struct PairClass {
  const char* name;   // as in the results: "jaccard." and this
  const char* label;  // for people
  uint32_t cells;     // bit c: cell c belongs to it
};
const std::vector<PairClass>& PairClasses();

// Pairs of the cells by size of the intersection: k + 1 numbers.
std::vector<uint64_t> Intersections(const BinLayout& layout, const Bins& bins,
                                    size_t layer, uint32_t cells);

// Jaccard indices and pairs of the slots of a layer; bit s: slot s.
RatioSum SumLayer(const BinLayout& layout, const Bins& bins, size_t layer,
                  uint32_t slots);

// Of one slot.
RatioSum SumSlot(const BinLayout& layout, const Bins& bins, size_t layer,
                 size_t slot);

// Over all layers.
RatioSum SumAll(const BinLayout& layout, const Bins& bins, uint32_t slots);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_CLASS_H_
