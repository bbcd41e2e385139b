// Copies of some rows of traces.
#ifndef MOETAP_ANALYSIS_STUDIES_GATHERED_ROWS_H_
#define MOETAP_ANALYSIS_STUDIES_GATHERED_ROWS_H_

#include <algorithm>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

struct RowRef {
  uint32_t trace = 0;
  uint32_t row = 0;
  auto operator<=>(const RowRef&) const = default;
};

// Rows that are wanted in any order, read in that of the traces: those may lie
// in a file, where each row elsewhere costs far more than a copy.
class GatheredRows {
 public:
  // Of traces with equal layers.
  void Load(std::span<const Trace* const> traces, std::vector<RowRef> refs) {
    std::sort(refs.begin(), refs.end());
    refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
    refs_ = std::move(refs);
    layers_ = &traces.front()->layers;
    row_ids_ = traces.front()->row_ids;
    ids_.clear();
    for (const RowRef& ref : refs_) {
      const auto from = traces[ref.trace]->ids.begin() +
                        static_cast<std::ptrdiff_t>(size_t{ref.row} * row_ids_);
      ids_.insert(ids_.end(), from, from + row_ids_);
    }
  }

  // All ids of a loaded row; of a layer: see `set`.
  const uint16_t* ids(const RowRef& ref) const {
    const auto found = std::lower_bound(refs_.begin(), refs_.end(), ref);
    return ids_.data() + static_cast<size_t>(found - refs_.begin()) * row_ids_;
  }
  std::span<const uint16_t> set(const uint16_t* ids, size_t layer) const {
    return {ids + (*layers_)[layer].offset, (*layers_)[layer].k};
  }

 private:
  std::vector<RowRef> refs_;  // ascending
  const std::vector<MoeLayer>* layers_ = nullptr;
  uint32_t row_ids_ = 0;
  std::vector<uint16_t> ids_;  // of each
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_GATHERED_ROWS_H_
