// Walks the blocks of a capture file one at a time, whatever its size.
#ifndef MOETAP_ANALYSIS_RECORD_BLOCK_WALK_H_
#define MOETAP_ANALYSIS_RECORD_BLOCK_WALK_H_

#include <cstdint>
#include <functional>

#include "schema/block_codec.h"

namespace moetap {

struct BlockWalk {
  uint64_t blocks = 0;
  BlockHeader last;            // of the last block; valid if blocks > 0
  uint64_t ring_end = 0;       // the highest of all blocks
  uint64_t good_end = 0;       // bytes up to the end of the last block
  uint64_t damaged_bytes = 0;  // that are no block, before good_end
};

// Calls `visit` with the header and the bytes (header and payload) of every
// intact block in `file`.
BlockWalk WalkBlocks(
    Bytes file, const std::function<void(const BlockHeader&, Bytes)>& visit);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_BLOCK_WALK_H_
