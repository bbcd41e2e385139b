// Reads what the recorder wrote, with nothing but the block codec.
#ifndef MOETAP_TESTS_UNIT_PLUGIN_CAPTURE_FILES_H_
#define MOETAP_TESTS_UNIT_PLUGIN_CAPTURE_FILES_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/block_format.h"
#include "schema/routing_log_generated.h"

namespace moetap {

// One captured set: which step, layer slot and row, and its sorted ids.
struct CapturedSet {
  uint64_t step;
  uint16_t slot;
  uint32_t row;
  std::vector<uint16_t> ids;
};

struct Captured {
  std::vector<BlockHeader> headers;
  std::vector<CapturedSet> sets;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> status;  // codes
  std::map<uint16_t, std::pair<uint16_t, log::LayerSource>> layers;
  std::string hook;  // of the last layer
  uint64_t steps = 0;
  uint64_t drop_rows = 0;
  uint64_t drop_records = 0;
  uint64_t drop_first_step = UINT64_MAX;
  uint64_t drop_last_step = 0;
  std::vector<uint64_t> token_values;  // ids or hashes of prompt and samples
  std::vector<uint32_t> token_ids;
  std::string vocabulary;

  const Counters& counters() const { return headers.back().counters; }
};

// Files with this suffix in `directory`, sorted.
std::vector<std::filesystem::path> FilesIn(
    const std::filesystem::path& directory, const std::string& suffix);

// The file, or its first `limit` bytes; empty if it cannot be read.
std::vector<uint8_t> ReadBytes(const std::filesystem::path& path,
                               size_t limit = SIZE_MAX);

// Fails the test if a block is damaged, missing or out of order.
Captured ReadCapture(const std::filesystem::path& path);

// The one capture file in `directory`.
Captured ReadOnlyCapture(const std::filesystem::path& directory);

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_PLUGIN_CAPTURE_FILES_H_
