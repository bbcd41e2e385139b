// Reads a capture: a directory of *.moetap.zst files, or one such file, with
// whatever rings their processes left behind.
#ifndef MOETAP_ANALYSIS_CAPTURE_H_
#define MOETAP_ANALYSIS_CAPTURE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/spill_allocator.h"
#include "schema/block_codec.h"
#include "schema/block_format.h"
#include "schema/routing_log_generated.h"

namespace moetap {

inline constexpr std::string_view kCaptureSuffix = ".moetap.zst";

// Bytes of a file that could not be read as blocks; never silent.
struct SkippedRegion {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string message;
  bool torn_tail = false;     // the file just ends: its writer was killed
  bool incompatible = false;  // needs a newer moetap
};

struct CaptureBlock {
  BlockHeader header;   // of a leftover ring: made up, offset 0
  uint64_t offset = 0;  // in its part
  uint32_t part = 0;    // index into CaptureFile::parts
  bool from_ring = false;
  Bytes raw;                              // size-prefixed FlatBuffer, verified
  std::shared_ptr<const void> raw_owner;  // keeps `raw`, for copies too
  const log::Block* content() const;
};

// What a capture cost, and how much it captured for that.
struct CaptureCost {
  uint64_t rows = 0;
  uint64_t stalls = 0;
  uint64_t dropped_rows = 0;
  Cost cost;
};

// What one process wrote: usually one file.  Files that were concatenated
// are told apart by uuid, and parts of one uuid are put together.
struct CaptureFile {
  std::filesystem::path path;
  std::vector<std::filesystem::path> parts;  // parts[0] is path
  Uuid uuid{};
  uint64_t bytes = 0;
  std::vector<CaptureBlock> blocks;  // in order; a ring's come last
  std::vector<SkippedRegion> skipped;
  std::vector<uint64_t> missing_sequences;  // the first 1,000 of ...
  uint64_t missing_blocks = 0;              // ... this many
  bool ring_found = false;
  bool writer_alive = false;
  Counters counters;                // of the last block
  std::optional<CaptureCost> cost;  // up to the last block that tells it

  // Last value of a fact in any block, or "".
  std::string fact(std::string_view key) const;

  // File name of the part that holds `block`, or of the ring.
  std::string Where(const CaptureBlock& block) const;
};

struct Capture {
  std::filesystem::path path;
  std::vector<CaptureFile> files;  // by file name
};

// The capture files of a directory, by name; a path that is no directory is
// one itself.  Throws Error if there is nothing of that name.
std::vector<std::filesystem::path> ListCaptureFiles(
    const std::filesystem::path& path);

// Throws Error (analysis/error.h) if `path` is no capture at all, or unpacks
// to more than there is room for; damage inside a file is reported in it.
// Safe on any bytes.  Blocks that unpack to more than `budget` bytes in all are
// kept in a temporary file (analysis/spill_allocator.h).
Capture ReadCapture(const std::filesystem::path& path,
                    uint64_t budget = kSpillBudget);

// Whether anything of the capture is known to be lost: bytes skipped, blocks
// missing, rows or records dropped.
bool HasLosses(const Capture& capture);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CAPTURE_H_
