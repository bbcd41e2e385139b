#include "analysis/record/block_walk.h"

#include <algorithm>

namespace moetap {

BlockWalk WalkBlocks(
    Bytes file, const std::function<void(const BlockHeader&, Bytes)>& visit) {
  BlockWalk walk;
  for (size_t at = FindBlock(file, 0); at < file.size();) {
    BlockHeader header;
    if (CheckBlock(file.subspan(at), &header) != BlockError::kOk) {
      at = FindBlock(file, at + 1);
      continue;
    }
    const size_t size = header.header_size + header.packed_size;
    visit(header, file.subspan(at, size));
    ++walk.blocks;
    walk.last = header;
    walk.ring_end = std::max(walk.ring_end, header.ring_end);
    walk.damaged_bytes += at - walk.good_end;
    walk.good_end = at + size;
    at = FindBlock(file, walk.good_end);
  }
  return walk;
}

}  // namespace moetap
