// Finds, for each row of a block, an earlier row whose sets are nearly the
// same.  Only writers look: the distance to the row is stored.
//
// Plain memory of fixed size, not thread-safe.
#ifndef MOETAP_SCHEMA_ROW_FINDER_H_
#define MOETAP_SCHEMA_ROW_FINDER_H_

#include <cstddef>
#include <cstdint>

#include "schema/set_groups.h"

namespace moetap {

class RowFinder {
 public:
  static constexpr uint32_t kMaxDistance = 65535;  // in rows

  void Reset(const uint16_t* sets);

  // Distance from the next row, whose ids begin at `offset` in the sets, to
  // the best earlier one of a group with the same layers and k; 0: none.
  uint32_t Next(const SetGroup& group, size_t offset);

 private:
  struct Row {
    uint32_t offset;
    uint16_t layer_list;
    uint16_t k;
  };
  static constexpr size_t kHeads = size_t{1} << 16;
  static constexpr size_t kLayers = 8;  // that are looked up in each row
  static constexpr size_t kKeys = 3;    // of each: the set and both halves

  bool Fits(uint32_t row, const SetGroup& group) const;
  size_t LookUp(const SetGroup& group, const uint16_t* ids,
                uint32_t* candidates);

  const uint16_t* sets_ = nullptr;
  uint32_t rows_ = 0;
  uint32_t head_[kHeads];  // row + 1 that last had the key
  Row row_[kMaxBlockIds];
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_ROW_FINDER_H_
