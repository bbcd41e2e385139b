// Moves what dead processes left in their rings into their capture files.
#ifndef MOETAP_ANALYSIS_RECORD_SALVAGE_H_
#define MOETAP_ANALYSIS_RECORD_SALVAGE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace moetap {

// What became of one leftover ring.
struct Salvaged {
  std::filesystem::path ring;
  std::filesystem::path file;  // the capture file it belongs to
  uint32_t pid = 0;
  uint64_t blocks = 0;             // appended to the file
  std::vector<std::string> notes;  // what in the ring could not be read
  bool alive = false;              // its process lives: not touched
  std::string problem;  // why the ring was left where it is; "" = removed
};

// Treats every ring that belongs to a capture file in `directory` (absolute).
// The records behind the last block of the file are appended to it as further
// blocks, then the ring is removed.  A half-written block at the end of the
// file is replaced if all its records are still in the ring.  Never throws
// for one bad ring; see Salvaged::problem.
std::vector<Salvaged> SalvageRings(const std::filesystem::path& directory);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_SALVAGE_H_
