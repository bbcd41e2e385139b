// Arranges the dispatches of one block: finds forward passes, joins the layers
// that ran over the same rows, and lays their sets out token-major.
//
// Plain memory (it lives in BlockBuilder's arena), not thread-safe.
#ifndef MOETAP_SCHEMA_ROUTING_GROUPS_H_
#define MOETAP_SCHEMA_ROUTING_GROUPS_H_

#include <cstddef>
#include <cstdint>

#include "schema/ring_format.h"

namespace moetap {

inline constexpr size_t kMaxBlockEntries = 32768;

class RoutingGroups {
 public:
  struct Part {           // one dispatch record
    const uint16_t* ids;  // rows x k, in the staging buffer
    uint16_t slot;
    uint32_t next;  // part of the group's next layer, or kEnd
  };
  struct Group {
    uint64_t step;
    uint32_t pass;
    uint32_t first_row;
    uint32_t rows;
    uint16_t k;
    uint16_t layer_list;
    uint32_t first_part;
    uint32_t last_part;
    uint32_t parts;  // at most kMaxLayerSlots, whatever the records say
  };
  static constexpr uint32_t kEnd = 0xFFFFFFFF;

  // `ids` must stay in place until Clear().  Call in ring order.  The pass
  // count goes on over blocks.  At most kMaxBlockEntries between two Clears.
  void Add(const DispatchRecord& record, const uint16_t* ids);
  void Clear();

  uint32_t groups() const { return group_count_; }
  const Group& group(uint32_t i) const { return groups_[i]; }

  // Distinct layer lists, after AssignLayerLists().
  void AssignLayerLists();
  uint32_t layer_lists() const { return list_count_; }
  const uint16_t* layer_list(uint32_t i, size_t* size) const;

  size_t ids() const { return id_count_; }
  // 1 if every id fits a byte, else 2.
  int IdBytes() const;
  // Writes ids() ids: row by row of each group, each set ascending.
  void WriteIds(uint16_t* out);

 private:
  void StartPassIfNew(const DispatchRecord& record);
  uint32_t FirstRow(const DispatchRecord& record);
  Group* FindOpenGroup(uint32_t first_row, const DispatchRecord& record);

  // Over blocks.
  uint64_t step_ = 0;
  uint32_t pass_ = 0;
  uint32_t last_slot_ = 0;
  uint32_t pass_of_slot_[kMaxLayerSlots] = {};
  uint32_t rows_of_slot_[kMaxLayerSlots] = {};
  // Of the open block.
  uint32_t part_count_ = 0;
  uint32_t group_count_ = 0;
  uint32_t first_open_ = 0;  // first group of the pass under way
  uint32_t list_count_ = 0;
  size_t id_count_ = 0;
  Part parts_[kMaxBlockEntries];
  Group groups_[kMaxBlockEntries];
  uint32_t list_begin_[kMaxBlockEntries + 1];
  uint16_t list_slots_[kMaxBlockEntries];
  const uint16_t* layer_ids_[kMaxLayerSlots];
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_ROUTING_GROUPS_H_
