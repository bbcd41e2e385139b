#include "schema/block_codec.h"

#define XXH_INLINE_ALL
#include <flatbuffers/flatbuffers.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/routing_log_generated.h"

static_assert(std::endian::native == std::endian::little,
              "the on-disk structs are the little-endian byte layout");

namespace moetap {
namespace {

// Above what a block of ours can hold, far below what hurts a reader.
constexpr flatbuffers::uoffset_t kMaxTables = 250'000;
constexpr flatbuffers::uoffset_t kMaxDepth = 16;

uint64_t HeaderChecksum(const BlockHeader& header) {
  return XXH3_64bits(&header, offsetof(BlockHeader, header_checksum));
}

// Of a whole block.
uint64_t PayloadChecksum(Bytes block) {
  const Bytes payload = block.subspan(kHeaderSizeWithoutCost);
  return XXH3_64bits(payload.data(), payload.size());
}

// The library's verifier checks where a vector's length lies, not its items.
bool Aligned(const auto* vector) {
  return vector == nullptr ||
         reinterpret_cast<uintptr_t>(vector->Data()) % 8 == 0;
}

bool TokensAligned(const log::Block& block) {
  if (block.tokens() == nullptr) return true;
  for (const log::TokenRun* run : *block.tokens()) {
    if (!Aligned(run->prefix_hashes())) return false;
  }
  return true;
}

}  // namespace

const char* BlockErrorText(BlockError error) {
  switch (error) {
    case BlockError::kOk:
      return "no error";
    case BlockError::kTooShort:
      return "the file ends inside this block";
    case BlockError::kNotABlock:
      return "no block starts here";
    case BlockError::kHeaderChecksum:
      return "block header is damaged";
    case BlockError::kIncompatible:
      return "block needs a newer moetap";
    case BlockError::kTooLarge:
      return "block claims to unpack to more than any block does";
    case BlockError::kPayloadChecksum:
      return "block payload is damaged";
    case BlockError::kUnpack:
      return "block payload does not unpack to its stated size";
    case BlockError::kFlatBuffer:
      return "block content is not a valid FlatBuffer";
  }
  return "unknown error";
}

size_t PackedBound(size_t raw_size) {
  return sizeof(BlockHeader) + ZSTD_compressBound(raw_size);
}

size_t PackBlock(ZSTD_CCtx_s* context, BlockHeader* header, Bytes raw,
                 std::span<uint8_t> out, int level) {
  if (out.size() < PackedBound(raw.size())) return 0;
  header->header_size =
      header->has_cost() ? sizeof(BlockHeader) : kHeaderSizeWithoutCost;
  const std::span<uint8_t> payload = out.subspan(header->header_size);
  const size_t packed = ZSTD_compressCCtx(
      context, payload.data(), payload.size(), raw.data(), raw.size(), level);
  if (ZSTD_isError(packed)) return 0;
  header->skippable_magic = kSkippableMagic;
  header->skippable_size = header->header_size - 8;
  header->sync = kSyncMarker;
  header->version = kFormatVersion;
  header->packed_size = packed;
  header->raw_size = raw.size();
  const size_t size = header->header_size + packed;
  std::memcpy(out.data(), header, header->header_size);
  header->payload_checksum = PayloadChecksum(out.first(size));
  header->header_checksum = HeaderChecksum(*header);
  std::memcpy(out.data(), header, header->header_size);
  return size;
}

BlockError CheckBlock(Bytes bytes, BlockHeader* header) {
  if (bytes.size() < kHeaderSizeWithoutCost) {
    // A torn header is a torn tail only if what is there looks like one.
    const BlockHeader expected;
    const auto* magic =
        reinterpret_cast<const uint8_t*>(&expected.skippable_magic);
    const Bytes start = bytes.first(std::min<size_t>(bytes.size(), 4));
    return std::equal(start.begin(), start.end(), magic)
               ? BlockError::kTooShort
               : BlockError::kNotABlock;
  }
  *header = {};
  std::memcpy(static_cast<void*>(header), bytes.data(), kHeaderSizeWithoutCost);
  if (header->skippable_magic != kSkippableMagic ||
      header->sync != kSyncMarker) {
    return BlockError::kNotABlock;
  }
  if (header->header_checksum != HeaderChecksum(*header)) {
    return BlockError::kHeaderChecksum;
  }
  if (header->version != kFormatVersion || header->incompatible_flags != 0 ||
      header->header_size < kHeaderSizeWithoutCost ||
      header->header_size > kMaxHeaderSize ||
      header->skippable_size != header->header_size - 8) {
    return BlockError::kIncompatible;
  }
  if (header->raw_size > kMaxRawBlock ||
      header->packed_size > ZSTD_compressBound(kMaxRawBlock)) {
    return BlockError::kTooLarge;
  }
  const size_t size = header->header_size + header->packed_size;
  if (bytes.size() < size) return BlockError::kTooShort;
  if (PayloadChecksum(bytes.first(size)) != header->payload_checksum) {
    return BlockError::kPayloadChecksum;
  }
  if (header->has_cost()) {
    std::memcpy(&header->cost, bytes.data() + kHeaderSizeWithoutCost,
                sizeof(Cost));
  }
  return BlockError::kOk;
}

BlockError UnpackBlock(ZSTD_DCtx_s* context, const BlockHeader& header,
                       Bytes bytes, std::span<uint8_t> raw) {
  if (raw.size() != header.raw_size ||
      bytes.size() < header.header_size + header.packed_size) {
    return BlockError::kUnpack;
  }
  const Bytes payload = bytes.subspan(header.header_size, header.packed_size);
  // One frame and nothing else, as the format says.
  const size_t frame =
      ZSTD_findFrameCompressedSize(payload.data(), payload.size());
  if (ZSTD_isError(frame) || frame != header.packed_size) {
    return BlockError::kUnpack;
  }
  const size_t unpacked = ZSTD_decompressDCtx(context, raw.data(), raw.size(),
                                              payload.data(), payload.size());
  if (ZSTD_isError(unpacked) || unpacked != raw.size()) {
    return BlockError::kUnpack;
  }
  return VerifyBlock(raw) ? BlockError::kOk : BlockError::kFlatBuffer;
}

bool VerifyBlock(Bytes raw) {
  flatbuffers::Verifier verifier(raw.data(), raw.size(), kMaxDepth, kMaxTables);
  if (!log::VerifySizePrefixedBlockBuffer(verifier)) return false;
  const log::Block& block = *log::GetSizePrefixedBlock(raw.data());
  return Aligned(block.samples()) && Aligned(block.step_ends()) &&
         Aligned(block.drops()) && Aligned(block.groups()) &&
         TokensAligned(block);
}

size_t FindBlock(Bytes bytes, size_t from) {
  constexpr size_t kSyncOffset = offsetof(BlockHeader, sync);
  if (bytes.size() < kSyncOffset + kSyncMarker.size()) return bytes.size();
  const auto begin = bytes.begin() + static_cast<ptrdiff_t>(std::min(
                                         from + kSyncOffset, bytes.size()));
  const auto found =
      std::search(begin, bytes.end(), kSyncMarker.begin(), kSyncMarker.end());
  if (found == bytes.end()) return bytes.size();
  return static_cast<size_t>(found - bytes.begin()) - kSyncOffset;
}

}  // namespace moetap
