// The live ring of schema/ring_format.h: many threads write, one reads.
#ifndef MOETAP_PLUGIN_RING_BUFFER_H_
#define MOETAP_PLUGIN_RING_BUFFER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "schema/block_codec.h"
#include "schema/ring_format.h"

namespace moetap {

inline constexpr size_t kMaxPayload = kMaxRecordBytes - sizeof(RecordHeader);

// All-zero bytes are a valid, detached ring: it lives in memory that the
// kernel wipes in a forked child.
class RingBuffer {
 public:
  struct Reservation {
    uint64_t position = 0;
    size_t payload_size = 0;
    RecordHeader* header = nullptr;
    uint8_t* payload() const { return reinterpret_cast<uint8_t*>(header + 1); }
  };

  // `header` is followed by header->capacity data bytes; the mapping must
  // outlive every other call.
  void Attach(RingHeader* header);
  RingHeader* header() const { return header_; }

  // Any thread.  Room for one record, payload_size <= kMaxPayload; false if
  // the ring is full.  The caller fills payload() and then must Publish().
  bool Reserve(size_t payload_size, Reservation* reservation);
  void Publish(const Reservation& reservation, RecordType type);

  // Any thread: something of `step` was lost for want of room.
  void CountDrop(uint64_t step, uint64_t rows, uint64_t records);

  // The rest is for the one reading thread.

  enum class Peeked {
    kEmpty,        // nothing is reserved at `position`
    kUnpublished,  // reserved, but its writer has not published it yet
    kRecord,
  };
  struct Record {
    uint64_t end = 0;  // position behind it
    RecordType type = RecordType::kPad;
    Bytes payload;  // valid until Persist() of `end` or later
  };
  Peeked Peek(uint64_t position, Record* record) const;

  // Gives the room before `position` back to the writers.
  void Persist(uint64_t position);

  // What was lost since the last call; false if nothing was.  The step range
  // covers at least the rows and records counted.
  bool TakeDrops(DropRecord* drops);

 private:
  void WritePad(uint64_t position, uint64_t size);
  // position % capacity without a division.
  uint64_t Offset(uint64_t position) const;
  RecordHeader* At(uint64_t position) const;

  RingHeader* header_;
  uint8_t* data_;
  uint64_t capacity_;
  uint64_t inverse_;  // 2^64 / capacity
  uint64_t nonce_;
  alignas(64) std::atomic<uint64_t> drop_first_step_;
  std::atomic<uint64_t> drop_last_step_;
  DropRecord taken_;  // totals so far and the last range
};

inline uint64_t RingBuffer::Offset(uint64_t position) const {
  __extension__ using Wide = unsigned __int128;
  const auto laps = static_cast<uint64_t>(Wide{position} * inverse_ >> 64);
  const uint64_t offset = position - laps * capacity_;
  return offset < capacity_ ? offset : offset - capacity_;
}

inline RecordHeader* RingBuffer::At(uint64_t position) const {
  return reinterpret_cast<RecordHeader*>(data_ + Offset(position));
}

inline bool RingBuffer::Reserve(size_t payload_size, Reservation* reservation) {
  const uint64_t size =
      (sizeof(RecordHeader) + payload_size + kRecordAlign - 1) / kRecordAlign *
      kRecordAlign;
  uint64_t begin = header_->reserved.load(std::memory_order_relaxed);
  uint64_t offset;
  uint64_t pad;
  do {
    offset = Offset(begin);
    const uint64_t to_end = capacity_ - offset;
    pad = size > to_end ? to_end : 0;
    // Acquire: the reader is done with the bytes that will be overwritten.
    const uint64_t persisted =
        header_->persisted.load(std::memory_order_acquire);
    if (begin + pad + size - persisted > capacity_) return false;
  } while (!header_->reserved.compare_exchange_weak(begin, begin + pad + size,
                                                    std::memory_order_relaxed));
  if (pad != 0) {
    WritePad(begin, pad);
    offset = 0;
  }
  reservation->position = begin + pad;
  reservation->payload_size = payload_size;
  reservation->header = reinterpret_cast<RecordHeader*>(data_ + offset);
  reservation->header->size = static_cast<uint32_t>(size);
  return true;
}

inline void RingBuffer::Publish(const Reservation& reservation,
                                RecordType type) {
  RecordHeader* header = reservation.header;
  header->type = static_cast<uint16_t>(type);
  header->padding = static_cast<uint16_t>(header->size - sizeof(RecordHeader) -
                                          reservation.payload_size);
  header->commit.store(CommitWord(reservation.position, nonce_),
                       std::memory_order_release);
}

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RING_BUFFER_H_
