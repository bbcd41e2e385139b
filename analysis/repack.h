// Writes the blocks of capture files anew, as small as they get.
#ifndef MOETAP_ANALYSIS_REPACK_H_
#define MOETAP_ANALYSIS_REPACK_H_

#include <cstdint>
#include <filesystem>

namespace moetap {

struct Repacked {
  uint64_t files = 0;
  uint64_t blocks = 0;
  uint64_t kept = 0;    // of these, as they were: smaller, or not readable here
  uint64_t ranked = 0;  // in the layout RankedDifferences
  uint64_t weighted = 0;  // in the layout WeightedSets
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

// Writes `to` (new, mode 0600) with the blocks of the capture file `from`, each
// in the layout that is smallest at zstd level `level`.  Headers keep all but
// sizes and checksums; bytes that are no block are copied as they are, so
// damage stays visible.  A block is only replaced by one that reads the same,
// byte for byte.  Adds to `total`.  Throws Error; `to` then does not exist.
void RepackFile(const std::filesystem::path& from,
                const std::filesystem::path& to, int level, Repacked* total);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_REPACK_H_
