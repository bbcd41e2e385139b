#include "schema/routing_groups.h"

#include <algorithm>
#include <cstring>

#include "schema/set_sort.h"

namespace moetap {

void RoutingGroups::Clear() {
  part_count_ = 0;
  group_count_ = 0;
  first_open_ = 0;
  list_count_ = 0;
  id_count_ = 0;
}

// An announced step is one pass.  Without one, layers come in the order of
// their slots (slots are given in the order of first use), so a slot that does
// not come after the last one begins the next pass.
void RoutingGroups::StartPassIfNew(const DispatchRecord& record) {
  const bool first_part = record.row_offset == 0;
  const bool new_step = record.step != step_ || pass_ == 0;
  const bool wrapped =
      record.step == 0 && first_part && record.slot <= last_slot_;
  if (!new_step && !wrapped) return;
  step_ = record.step;
  ++pass_;
  first_open_ = group_count_;
}

// Rows of the step's batch that the layer has had before: an engine may run
// a layer over a large batch in several dispatches.
uint32_t RoutingGroups::FirstRow(const DispatchRecord& record) {
  if (pass_of_slot_[record.slot] != pass_) {
    pass_of_slot_[record.slot] = pass_;
    rows_of_slot_[record.slot] = 0;
  }
  const uint32_t dispatch_begin = rows_of_slot_[record.slot];
  const uint32_t end = record.row_offset + record.rows;
  if (end == record.total_rows) rows_of_slot_[record.slot] += end;
  return dispatch_begin + record.row_offset;
}

RoutingGroups::Group* RoutingGroups::FindOpenGroup(
    uint32_t first_row, const DispatchRecord& record) {
  // Real passes have few groups; records that lie must not cost the square.
  constexpr uint32_t kLookBack = 1024;
  const uint32_t first =
      std::max(first_open_, group_count_ - std::min(group_count_, kLookBack));
  for (uint32_t i = group_count_; i-- > first;) {
    Group& group = groups_[i];
    if (group.first_row == first_row && group.rows == record.rows &&
        group.k == record.k && group.parts < kMaxLayerSlots) {
      return &group;
    }
  }
  return nullptr;
}

void RoutingGroups::Add(const DispatchRecord& record, const uint16_t* ids) {
  StartPassIfNew(record);
  last_slot_ = record.slot;
  const uint32_t first_row = FirstRow(record);
  const uint32_t part = part_count_++;
  parts_[part] = {ids, record.slot, kEnd};
  id_count_ += size_t{record.rows} * record.k;
  if (Group* group = FindOpenGroup(first_row, record)) {
    parts_[group->last_part].next = part;
    group->last_part = part;
    ++group->parts;
    return;
  }
  groups_[group_count_++] = {
      record.step, pass_, first_row, record.rows, record.k, 0, part, part, 1};
}

void RoutingGroups::AssignLayerLists() {
  list_count_ = 0;
  list_begin_[0] = 0;
  for (uint32_t i = 0; i < group_count_; ++i) {
    Group& group = groups_[i];
    const uint32_t begin = list_begin_[list_count_];
    uint32_t end = begin;
    for (uint32_t p = group.first_part; p != kEnd; p = parts_[p].next) {
      list_slots_[end++] = parts_[p].slot;
    }
    // Neighbouring passes nearly always ran the same layers.
    constexpr uint32_t kLookBack = 8;
    uint32_t list = list_count_;
    for (uint32_t back = 1; back <= std::min(kLookBack, list_count_); ++back) {
      size_t size = 0;
      const uint16_t* slots = layer_list(list_count_ - back, &size);
      if (std::equal(slots, slots + size, list_slots_ + begin,
                     list_slots_ + end)) {
        list = list_count_ - back;
        break;
      }
    }
    if (list == list_count_) list_begin_[++list_count_] = end;
    group.layer_list = static_cast<uint16_t>(list);
  }
}

const uint16_t* RoutingGroups::layer_list(uint32_t i, size_t* size) const {
  *size = list_begin_[i + 1] - list_begin_[i];
  return list_slots_ + list_begin_[i];
}

int RoutingGroups::IdBytes() const {
  for (uint32_t i = 0; i < group_count_; ++i) {
    const size_t n = size_t{groups_[i].rows} * groups_[i].k;
    for (uint32_t p = groups_[i].first_part; p != kEnd; p = parts_[p].next) {
      const uint16_t* ids = parts_[p].ids;
      if (std::any_of(ids, ids + n, [](uint16_t id) { return id > 0xFF; })) {
        return 2;
      }
    }
  }
  return 1;
}

void RoutingGroups::WriteIds(uint16_t* out) {
  for (uint32_t i = 0; i < group_count_; ++i) {
    const Group& group = groups_[i];
    size_t layers = 0;
    for (uint32_t p = group.first_part; p != kEnd; p = parts_[p].next) {
      layer_ids_[layers++] = parts_[p].ids;
    }
    const size_t k = group.k;
    uint16_t* const begin = out;
    for (size_t row = 0; row < group.rows; ++row) {
      for (size_t layer = 0; layer < layers; ++layer) {
        std::memcpy(out, layer_ids_[layer] + row * k, k * sizeof(uint16_t));
        out += k;
      }
    }
    SortSets(begin, group.rows * layers, k);
  }
}

}  // namespace moetap
