// Finds the blocks in the bytes of a capture file, damaged or not.
#ifndef MOETAP_ANALYSIS_BLOCK_SCAN_H_
#define MOETAP_ANALYSIS_BLOCK_SCAN_H_

#include <cstdint>
#include <vector>

#include "analysis/capture.h"
#include "schema/block_codec.h"

namespace moetap {

struct FoundBlock {
  uint64_t offset = 0;
  BlockHeader header;
};

struct Scan {
  std::vector<FoundBlock> blocks;      // in file order, checksums hold
  std::vector<FoundBlock> damaged;     // ... only that of the header holds
  std::vector<SkippedRegion> skipped;  // in file order, not overlapping
};

// Together `blocks` and `skipped` cover all of `bytes`.  Takes linear time:
// once headers whose payload is damaged have claimed several times the bytes
// there are, the next ones are believed about where they end, and not looked
// into.
Scan ScanBlocks(Bytes bytes);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_BLOCK_SCAN_H_
