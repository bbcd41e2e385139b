// Packs and unpacks one block.  Used by the writer (plugin/) and every reader
// (analysis/), so that the two cannot drift.
//
// Nothing here throws, allocates behind the caller's back, or touches a file.
// Functions are thread-safe on distinct arguments.
#ifndef MOETAP_SCHEMA_BLOCK_CODEC_H_
#define MOETAP_SCHEMA_BLOCK_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_format.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace moetap {

using Bytes = std::span<const uint8_t>;

enum class BlockError {
  kOk = 0,
  kTooShort,         // the bytes end inside the block: a torn tail
  kNotABlock,        // no skippable frame with our marker here
  kHeaderChecksum,   // header damaged
  kIncompatible,     // written with a feature this build does not know
  kTooLarge,         // says it unpacks to more than kMaxRawBlock
  kPayloadChecksum,  // payload damaged
  kUnpack,           // zstd refused, or the size is not as announced
  kFlatBuffer,       // not a verified FlatBuffer of our schema
};
// A short lower-case English phrase, never null.
const char* BlockErrorText(BlockError error);

// What the writer thread compresses at.  A context in fixed memory needs room
// for this level.
inline constexpr int kZstdLevel = 1;

// Room that PackBlock needs for `raw_size` bytes.
size_t PackedBound(size_t raw_size);

// Writes header and zstd frame of `raw` (a size-prefixed FlatBuffer) to `out`.
// `header` supplies uuid, sequence, ring range, time, counters and, if
// has_cost(), the cost; sizes and checksums are filled in.  Returns the bytes
// written, 0 if `out` is smaller than PackedBound(raw.size()) or zstd failed.
// `context` is reused, not owned.
size_t PackBlock(ZSTD_CCtx_s* context, BlockHeader* header, Bytes raw,
                 std::span<uint8_t> out, int level = kZstdLevel);

// Checks the header at the start of `bytes` and copies it out.  On kOk the
// whole block is header->header_size + header->packed_size bytes, all of them
// present in `bytes`, and the payload checksum holds.
// On kTooShort `*header` is valid, without the cost, if at least
// kHeaderSizeWithoutCost bytes exist.
BlockError CheckBlock(Bytes bytes, BlockHeader* header);

// Unpacks the block at the start of `bytes`, which CheckBlock accepted, into
// `raw` (exactly header.raw_size bytes) and verifies the FlatBuffer.
BlockError UnpackBlock(ZSTD_DCtx_s* context, const BlockHeader& header,
                       Bytes bytes, std::span<uint8_t> raw);

// Whether `raw`, 8-aligned, is a size-prefixed FlatBuffer of our schema that
// can be read without further checks of its offsets.
bool VerifyBlock(Bytes raw);

// Offset of the next sync marker's block at or after `from`, or bytes.size().
size_t FindBlock(Bytes bytes, size_t from);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_BLOCK_CODEC_H_
