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
  RecordHeader* At(uint64_t position) const;

  RingHeader* header_;
  uint8_t* data_;
  uint64_t capacity_;
  uint64_t nonce_;
  alignas(64) std::atomic<uint64_t> drop_first_step_;
  std::atomic<uint64_t> drop_last_step_;
  DropRecord taken_;  // totals so far and the last range
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RING_BUFFER_H_
