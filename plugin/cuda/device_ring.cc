#include "plugin/cuda/device_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "plugin/private_files.h"
#include "schema/block_format.h"

namespace moetap {
namespace {

constexpr size_t kWordsBytes = 4096;
static_assert(sizeof(RingWords) <= kWordsBytes);
static_assert(kDeviceNoRoute == kNoRoute);
static_assert(kSlotBytes <= kMaxPayload);

uint64_t Load(uint64_t* word) {
  return std::atomic_ref(*word).load(std::memory_order_acquire);
}

}  // namespace

bool DeviceRing::Map(size_t bytes) {
  slot_count_ = static_cast<uint32_t>(std::max<size_t>(1, bytes / kSlotBytes));
  mapped_ = kWordsBytes + size_t{slot_count_} * kSlotBytes;
  void* memory = MapPrivate(mapped_);
  if (memory == nullptr) return false;
  words_ = static_cast<RingWords*>(memory);
  words_->dropped_first_step = UINT64_MAX;
  slots_ = static_cast<uint8_t*>(memory) + kWordsBytes;
  return true;
}

void DeviceRing::Unmap() {
  if (words_ != nullptr) munmap(words_, mapped_);
  words_ = nullptr;
}

RingWords* DeviceRing::DeviceWords(uint64_t base) const {
  return reinterpret_cast<RingWords*>(base);
}

uint8_t* DeviceRing::DeviceSlots(uint64_t base) const {
  return reinterpret_cast<uint8_t*>(base + kWordsBytes);
}

SlotHeader* DeviceRing::At(uint64_t ticket) const {
  return reinterpret_cast<SlotHeader*>(slots_ +
                                       ticket % slot_count_ * kSlotBytes);
}

void DeviceRing::Pump(RingBuffer* to) {
  for (;;) {
    SlotHeader* slot = At(next_);
    if (Load(&slot->commit) != next_ + 1) break;
    if (!Move(*slot, to)) break;
    ++next_;
    std::atomic_ref(words_->consumed).store(next_, std::memory_order_release);
  }
  CountDrops(to);
}

// False: no room now.  Blocks of one launch come in any order, and a layer has
// one launch in a step: total_rows = 0 says that row_offset is the row of the
// batch.
bool DeviceRing::Move(const SlotHeader& slot, RingBuffer* to) const {
  const size_t ids = size_t{slot.rows} * slot.k * sizeof(uint16_t);
  if (muted_.load(std::memory_order_acquire) ||
      ids > kSlotBytes - sizeof(SlotHeader)) {
    to->CountDrop(slot.step, slot.rows, 0);
    return true;
  }
  const DispatchRecord record = {.step = slot.step,
                                 .row_offset = slot.row_offset,
                                 .rows = slot.rows,
                                 .total_rows = 0,
                                 .slot = slot.layer,
                                 .k = slot.k};
  RingBuffer::Reservation reservation;
  if (!to->Reserve(sizeof(record) + ids, &reservation)) return false;
  memcpy(reservation.payload(), &record, sizeof(record));
  memcpy(reservation.payload() + sizeof(record), &slot + 1, ids);
  to->header()->rows.fetch_add(slot.rows, std::memory_order_relaxed);
  to->Publish(reservation, RecordType::kDispatch);
  return true;
}

// The device keeps totals: what is new lies between the last step that was
// counted before and the last one now.
void DeviceRing::CountDrops(RingBuffer* to) {
  const uint64_t rows = Load(&words_->dropped_rows);
  if (rows == counted_rows_) return;
  const uint64_t last = Load(&words_->dropped_last_step);
  const uint64_t first =
      counted_rows_ == 0 ? Load(&words_->dropped_first_step) : counted_step_;
  to->CountDrop(std::min(first, last), 0, 0);
  to->CountDrop(last, rows - counted_rows_, 0);
  counted_rows_ = rows;
  counted_step_ = last;
}

}  // namespace moetap
