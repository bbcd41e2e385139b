// The Jaccard index of two rows, layer by layer.
#ifndef MOETAP_ANALYSIS_STUDIES_ROW_JACCARD_H_
#define MOETAP_ANALYSIS_STUDIES_ROW_JACCARD_H_

#include <cstdint>
#include <span>

#include "analysis/studies/set_overlap.h"
#include "analysis/studies/token_paths.h"
#include "analysis/trace.h"

namespace moetap {

// Whether a row (kNone: there is none) has a usable set in every layer.
inline bool IsUsableRow(const Trace& trace, uint32_t row) {
  if (row == kNone) return false;
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    if (!IsUsable(trace.set(row, l), trace.layers[l].experts)) return false;
  }
  return true;
}

// i / (2k - i) of two usable sets of k experts with i in common.
inline double SetJaccard(std::span<const uint16_t> a,
                         std::span<const uint16_t> b) {
  const size_t common = Overlap(a, b);
  return static_cast<double>(common) /
         static_cast<double>(a.size() + b.size() - common);
}

// Adds the index of each layer of two usable rows to sums[layer].
inline void AddRowJaccard(const Trace& trace, uint32_t a, uint32_t b,
                          std::span<double> sums) {
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    sums[l] += SetJaccard(trace.set(a, l), trace.set(b, l));
  }
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ROW_JACCARD_H_
