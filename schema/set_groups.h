// The shape of the sets of one block, whatever their layout.
#ifndef MOETAP_SCHEMA_SET_GROUPS_H_
#define MOETAP_SCHEMA_SET_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_format.h"
#include "schema/ring_format.h"

namespace moetap {

// No writer puts more ids into a block: two bytes each in its records.
inline constexpr size_t kMaxBlockIds = kBlockTarget / sizeof(uint16_t);

struct SetGroup {
  uint32_t rows;
  uint16_t k;
  uint16_t layer_list;
  uint32_t layers;        // length of the list, at least 1
  const uint16_t* slots;  // each below kMaxLayerSlots

  size_t row_ids() const { return size_t{layers} * k; }
};

// All groups of a block, in order.  Sets stand group by group, row by row,
// layer by layer, as `k` ascending ids of two bytes.
using SetGroups = std::span<const SetGroup>;

// For each slot, a number from 0 on in the order in which layers of groups with
// rows appear.
using LayerNumbers = uint16_t[kMaxLayerSlots];
// Fills `dense`; how many layers there are.
size_t NumberLayers(SetGroups groups, LayerNumbers& dense);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_SET_GROUPS_H_
