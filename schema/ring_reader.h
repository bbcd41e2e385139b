// Reads the bytes of a ring file that its process left behind.  Total: any
// bytes give a result or kNotARing, in time linear in their number.
#ifndef MOETAP_SCHEMA_RING_READER_H_
#define MOETAP_SCHEMA_RING_READER_H_

#include <cstdint>

#include "schema/block_codec.h"
#include "schema/ring_format.h"

namespace moetap {

// Plain copy of what a ring's header says.
struct RingInfo {
  uint32_t pid = 0;
  uint64_t pid_start = 0;
  uint64_t pid_ns = 0;
  uint8_t boot_id[16] = {};
  Uuid file_uuid{};
  uint64_t nonce = 0;
  uint64_t capacity = 0;
  char capture_file[2048] = {};
  uint64_t reserved = 0;
  uint64_t persisted = 0;
  Counters counters;
};

struct RingRecord {
  uint64_t position = 0;
  uint64_t end = 0;  // position behind the record
  RecordType type = RecordType::kPad;
  Bytes payload;  // into the ring's bytes
};

class RingReader {
 public:
  // `bytes` must outlive the reader.  False: not a ring of a known version,
  // or shorter than its header says.
  bool Open(Bytes bytes);

  const RingInfo& info() const { return info_; }

  // Starts over at position `from` (at least info().persisted): pass the
  // highest ring_end of the capture file's blocks, so nothing comes twice.
  void Seek(uint64_t from);

  // Next published record in [from, reserved), pads left out.  False at the
  // end.
  bool Next(RingRecord* record);

  // 16-byte units passed over because their writer died before publishing.
  uint64_t unpublished() const { return unpublished_; }

 private:
  bool Published(uint64_t position, RingRecord* record) const;

  Bytes data_;
  RingInfo info_;
  uint64_t position_ = 0;
  uint64_t unpublished_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RING_READER_H_
