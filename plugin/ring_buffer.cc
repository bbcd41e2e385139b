#include "plugin/ring_buffer.h"

#include <algorithm>

namespace moetap {
namespace {

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;

constexpr uint64_t kNoStep = UINT64_MAX;

void StoreMin(std::atomic<uint64_t>* to, uint64_t value) {
  uint64_t old = to->load(memory_order_relaxed);
  while (value < old &&
         !to->compare_exchange_weak(old, value, memory_order_relaxed)) {
  }
}

void StoreMax(std::atomic<uint64_t>* to, uint64_t value) {
  uint64_t old = to->load(memory_order_relaxed);
  while (value > old &&
         !to->compare_exchange_weak(old, value, memory_order_relaxed)) {
  }
}

}  // namespace

void RingBuffer::Attach(RingHeader* header) {
  header_ = header;
  data_ = reinterpret_cast<uint8_t*>(header) + kRingHeaderBytes;
  capacity_ = header->capacity;
  inverse_ = UINT64_MAX / capacity_;
  nonce_ = header->nonce;
  drop_first_step_.store(kNoStep, memory_order_relaxed);
  drop_last_step_.store(0, memory_order_relaxed);
  taken_ = {};
}

void RingBuffer::WritePad(uint64_t position, uint64_t size) {
  RecordHeader* pad = At(position);
  pad->size = static_cast<uint32_t>(size);
  pad->type = static_cast<uint16_t>(RecordType::kPad);
  pad->padding = 0;
  pad->commit.store(CommitWord(position, nonce_), memory_order_release);
}

// The range is stored before the counts, and TakeDrops reads the counts before
// the range: whatever is counted lies in the range.
void RingBuffer::CountDrop(uint64_t step, uint64_t rows, uint64_t records) {
  StoreMin(&drop_first_step_, step);
  StoreMax(&drop_last_step_, step);
  header_->dropped_rows.fetch_add(rows, memory_order_release);
  header_->dropped_records.fetch_add(records, memory_order_release);
}

RingBuffer::Peeked RingBuffer::Peek(uint64_t position, Record* record) const {
  if (position == header_->reserved.load(memory_order_relaxed)) {
    return Peeked::kEmpty;
  }
  const RecordHeader* header = At(position);
  if (header->commit.load(memory_order_acquire) !=
      CommitWord(position, nonce_)) {
    return Peeked::kUnpublished;
  }
  record->end = position + header->size;
  record->type = static_cast<RecordType>(header->type);
  record->payload =
      Bytes(reinterpret_cast<const uint8_t*>(header + 1),
            header->size - sizeof(RecordHeader) - header->padding);
  return Peeked::kRecord;
}

void RingBuffer::Persist(uint64_t position) {
  header_->persisted.store(position, memory_order_release);
}

bool RingBuffer::TakeDrops(DropRecord* drops) {
  const uint64_t rows = header_->dropped_rows.load(memory_order_acquire);
  const uint64_t records = header_->dropped_records.load(memory_order_acquire);
  if (rows == taken_.rows && records == taken_.records) return false;
  const uint64_t first =
      drop_first_step_.exchange(kNoStep, memory_order_relaxed);
  const uint64_t last = drop_last_step_.exchange(0, memory_order_relaxed);
  if (first != kNoStep && last >= first) {
    taken_.first_step = first;
    taken_.last_step = last;
  } else {  // taken while being stored: what is missing was in the last range
    taken_.first_step = std::min(taken_.first_step, first);
    taken_.last_step = std::max(taken_.last_step, last);
  }
  *drops = {taken_.first_step, taken_.last_step, rows - taken_.rows,
            records - taken_.records};
  taken_.rows = rows;
  taken_.records = records;
  return true;
}

}  // namespace moetap
