// The ring file: how published records survive the death of their process.
// See docs/log_format.md.
//
// One file per capturing process, named <file uuid>.ring, mapped shared.
// Layout: one RingHeader (kRingHeaderBytes), then `capacity` data bytes.
// Positions grow for ever; position p lives at data[p % capacity].  A record
// starts at a multiple of 16 and never wraps: a kPad record fills the end.
//
// Writing (any thread): reserve [p, p+size) by advancing `reserved`, fill in
// everything but `commit`, then store `commit` with release order.  Because
// CommitWord(p) differs for every position and ring, no byte of an earlier
// lap can look published, and a reader can find the next published record
// behind one whose writer died before publishing.  Release order does not hold
// back non-temporal stores: who fills in with those fences them (sfence) first.
//
// Reading: [persisted, reserved) may hold published records.  `persisted`
// moves only after the records before it are in the capture file.
#ifndef MOETAP_SCHEMA_RING_FORMAT_H_
#define MOETAP_SCHEMA_RING_FORMAT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "schema/block_format.h"

namespace moetap {

inline constexpr uint64_t kRingMagic = 0x31474E4952544D00;  // "\0MTRING1"
inline constexpr uint32_t kRingVersion = 1;
inline constexpr size_t kRingHeaderBytes = 4096;
inline constexpr size_t kRecordAlign = 16;
// Larger dispatches and lists are split by the writer of the record.
inline constexpr size_t kMaxRecordBytes = size_t{64} << 10;
inline constexpr size_t kMaxLayerSlots = 4096;
inline constexpr uint32_t kMaxTopK = 1024;
inline constexpr size_t kMaxHookName = 192;
inline constexpr uint16_t kUnknownLayer = 0xFFFF;

struct RingHeader {
  uint64_t magic = kRingMagic;
  uint32_t version = kRingVersion;
  uint32_t pid = 0;
  uint64_t pid_start = 0;    // field 22 of /proc/PID/stat
  uint64_t pid_ns = 0;       // inode of /proc/self/ns/pid
  uint8_t boot_id[16] = {};  // /proc/sys/kernel/random/boot_id
  Uuid file_uuid{};          // of the capture file it belongs to
  uint64_t nonce = 0;
  uint64_t capacity = 0;         // multiple of 4096
  char capture_file[2048] = {};  // absolute path, NUL-terminated

  alignas(64) std::atomic<uint64_t> reserved{0};
  alignas(64) std::atomic<uint64_t> persisted{0};
  alignas(64) std::atomic<uint64_t> rows{0};
  std::atomic<uint64_t> dispatches{0};
  std::atomic<uint64_t> dropped_rows{0};
  std::atomic<uint64_t> dropped_records{0};
  std::atomic<uint64_t> stalls{0};
};
static_assert(sizeof(RingHeader) <= kRingHeaderBytes);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

enum class RecordType : uint16_t {
  kPad = 0,
  kDispatch,    // DispatchRecord, uint16_t ids[rows * k]
  kLayer,       // LayerRecord, hook name
  kFact,        // key, NUL, value
  kRequest,     // RequestRecord, id
  kTokens,      // TokensRecord, uint32_t ids[n] or uint64_t hashes[n]
  kKv,          // KvRecord, uint32_t blocks[n]
  kStepBegin,   // StepBeginRecord, SpanRecord spans[n]
  kStepEnd,     // StepEndRecord
  kEvent,       // EventRecord, text
  kDelivery,    // DeliveryRecord, id, NUL, external, NUL, parent, NUL, reason
  kVocabulary,  // VocabularyRecord, uint16_t lengths[n], bytes
  kDrop,        // DropRecord
  kStatus,      // code, NUL, text
  kSamples,     // SamplesRecord, SampleRecord samples[n]
};

// Every record: this header, then `size - 16` bytes of payload and padding.
struct RecordHeader {
  std::atomic<uint64_t> commit{0};  // CommitWord(position, nonce) = published
  uint32_t size = 0;                // whole record, multiple of 16
  uint16_t type = 0;                // RecordType
  uint16_t padding = 0;  // bytes at the end that are no payload (0..15)
};
static_assert(sizeof(RecordHeader) == 16);

inline constexpr uint64_t CommitWord(uint64_t position, uint64_t nonce) {
  return (position + 1) * 0x9E3779B97F4A7C15u ^ nonce;
}

struct DispatchRecord {
  uint64_t step;        // 0 = unannounced
  uint32_t row_offset;  // of the first row here within the dispatch
  uint32_t rows;        // rows in this record
  uint32_t total_rows;  // rows of the whole dispatch; 0 = the layer has no
                        // other dispatch in the step, and records of this one
                        // may come in any order
  uint16_t slot;        // LayerRecord.slot
  uint16_t k;
};

struct LayerRecord {
  uint16_t slot;
  uint16_t number;  // kUnknownLayer if nobody said
  uint16_t source;  // log::LayerSource
  uint16_t reserved;
  uint32_t experts;
  uint32_t reserved2;
};

struct RequestRecord {
  uint32_t request;
  uint32_t prompt_tokens;
  uint64_t step;
};

struct TokensRecord {
  uint32_t request;
  uint32_t start;
  uint32_t n;
  uint32_t hashed;  // 1 = 64-bit prefix hashes, 0 = 32-bit ids
};

struct KvRecord {
  uint64_t step;
  uint32_t request;
  uint32_t first_index;
  uint32_t n;
  uint32_t reserved;
};

struct SpanRecord {
  uint32_t request;
  uint32_t start;
  uint32_t rows;
  uint32_t discard;
};

// A batch of more requests than fit one record is continued in further
// records of the same step, in row order.
struct StepBeginRecord {
  uint64_t step;
  uint64_t time_ns;
  uint16_t kind;  // log::StepKind
  uint16_t reserved;
  uint32_t n;
};

struct StepEndRecord {
  uint64_t step;
  uint32_t dispatches;
  uint32_t expected;
};

struct EventRecord {
  uint64_t step;
  uint32_t request;
  uint16_t kind;  // log::EventKind
  uint16_t reserved;
  uint32_t value;
  uint32_t reserved2;
};

struct DeliveryRecord {
  uint32_t prompt_tokens;
  uint32_t returned_tokens;
};

struct VocabularyRecord {
  uint32_t first_id;
  uint32_t n;
};

struct DropRecord {
  uint64_t first_step;
  uint64_t last_step;
  uint64_t rows;
  uint64_t records;
};

struct SamplesRecord {
  uint32_t n;
  uint32_t hashed;
};

struct SampleRecord {
  uint32_t request;
  uint32_t position;  // of the sampled token in its sequence
  uint64_t value;     // id or prefix hash
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RING_FORMAT_H_
