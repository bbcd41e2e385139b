// Reads a capture: a directory of *.moetap.zst files, or one such file, with
// whatever rings their processes left behind.
#ifndef MOETAP_ANALYSIS_CAPTURE_H_
#define MOETAP_ANALYSIS_CAPTURE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "schema/block_format.h"
#include "schema/routing_log_generated.h"

namespace moetap {

// Bytes of a file that could not be read as blocks; never silent.
struct SkippedRegion {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string message;
  bool torn_tail = false;  // the file just ends: its writer was killed
};

struct CaptureBlock {
  BlockHeader header;          // of a leftover ring: made up, offset 0
  uint64_t offset = 0;         // in the file
  bool from_ring = false;
  std::vector<uint8_t> raw;    // size-prefixed FlatBuffer, verified
  const log::Block* content() const;
};

struct CaptureFile {
  std::filesystem::path path;
  Uuid uuid{};
  uint64_t bytes = 0;
  std::vector<CaptureBlock> blocks;  // in order; a ring's come last
  std::vector<SkippedRegion> skipped;
  std::vector<uint64_t> missing_sequences;
  bool ring_found = false;
  bool writer_alive = false;
  Counters counters;  // of the last block

  // First value of a fact in any block, or "".
  std::string fact(std::string_view key) const;
};

struct Capture {
  std::filesystem::path path;
  std::vector<CaptureFile> files;  // by file name
};

// Throws Error (analysis/error.h) if `path` is no capture at all; damage
// inside a file is reported in it.
Capture ReadCapture(const std::filesystem::path& path);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CAPTURE_H_
