// Framing of a capture file.  See docs/log_format.md; change document, header
// and tests/unit/schema/block_codec_test.cc together.
//
// A file is a run of blocks.  A block is one zstd skippable frame, whose
// content is a BlockHeader less its first 8 bytes, followed by one zstd frame
// that holds one size-prefixed FlatBuffer (routing_log.fbs).
#ifndef MOETAP_SCHEMA_BLOCK_FORMAT_H_
#define MOETAP_SCHEMA_BLOCK_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace moetap {

using Uuid = std::array<uint8_t, 16>;

inline constexpr uint32_t kSkippableMagic = 0x184D2A5D;
inline constexpr std::array<uint8_t, 16> kSyncMarker = {
    'M',  'O',  'E',  'T',  'A',  'P',  0x0D, 0x0A,
    0x1A, 0x0A, 0xF3, 0x9C, 0xB1, 0x57, 0xE8, 0x42};
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint32_t kHeaderSizeWithoutCost = 160;
inline constexpr uint32_t kMaxHeaderSize = 4096;
inline constexpr uint16_t kNoRoute = 0xFFFF;

// A writer closes a block at this many bytes of unpacked records.
inline constexpr size_t kBlockTarget = size_t{1} << 20;
// No block unpacks to more; a reader refuses one that says it does.
inline constexpr size_t kMaxRawBlock = size_t{8} << 20;

// Cumulative since the process's capture began; all but `stalls` exact.
struct Counters {
  uint64_t rows = 0;             // token-layers captured
  uint64_t dispatches = 0;       // hooked calls seen
  uint64_t dropped_rows = 0;     // token-layers lost to a full ring or disk
  uint64_t dropped_records = 0;  // other records lost likewise
  uint64_t stalls = 0;           // waits of an engine thread (--on-full block)
};

// What the capture itself cost, likewise.  docs/log_format.md says how the
// times are measured.
struct Cost {
  uint64_t bytes = 0;      // written to the file before this block
  uint64_t engine_ns = 0;  // of hooked calls, on the engine's threads
  uint64_t shim_ns = 0;    // of the engine's shim, on those and others
  uint64_t writer_ns = 0;  // CPU time of the writer thread
};

// All integers little-endian; this struct is the exact byte layout.  A header
// may end before `cost`; one that goes on behind it is of a later release.
struct BlockHeader {
  uint32_t skippable_magic = kSkippableMagic;
  uint32_t skippable_size = 0;  // header_size - 8
  std::array<uint8_t, 16> sync = kSyncMarker;
  Uuid file_uuid{};
  uint32_t header_size = kHeaderSizeWithoutCost;
  uint32_t version = kFormatVersion;
  uint32_t compatible_flags = 0;    // unknown bits may be ignored
  uint32_t incompatible_flags = 0;  // unknown bits: the reader must refuse
  uint64_t sequence = 0;            // 0, 1, 2, ... in the file
  uint64_t packed_size = 0;         // bytes of the zstd frame that follows
  uint64_t raw_size = 0;            // bytes it unpacks to
  uint64_t payload_checksum = 0;    // XXH3-64 of all behind header_checksum
  uint64_t ring_begin = 0;          // ring positions whose records this block
  uint64_t ring_end = 0;            // holds: [ring_begin, ring_end)
  uint64_t time_ns = 0;             // CLOCK_REALTIME when the block was closed
  Counters counters;
  uint64_t header_checksum = 0;  // XXH3-64 of all bytes before this field
  Cost cost;

  bool has_cost() const { return header_size >= sizeof(BlockHeader); }
};
static_assert(offsetof(BlockHeader, header_checksum) == 152);
static_assert(offsetof(BlockHeader, cost) == kHeaderSizeWithoutCost);
static_assert(sizeof(BlockHeader) == 192);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_BLOCK_FORMAT_H_
