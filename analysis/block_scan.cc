#include "analysis/block_scan.h"

#include <algorithm>

namespace moetap {
namespace {

// Neighbouring regions skipped for one reason are one region.
void AddSkipped(Scan* scan, SkippedRegion region) {
  if (!scan->skipped.empty()) {
    SkippedRegion& last = scan->skipped.back();
    if (last.end == region.begin && last.message == region.message) {
      last.end = region.end;
      last.torn_tail = region.torn_tail;
      return;
    }
  }
  scan->skipped.push_back(std::move(region));
}

// A damaged payload is read to its end to know that it is, and then again for
// blocks inside it.  Damage costs this once; headers made up to overlap could
// ask for it at each of their bytes.
uint64_t HashBudget(Bytes bytes) {
  return 16 * uint64_t{bytes.size()} + (uint64_t{64} << 20);
}

bool HeaderHolds(BlockError error, Bytes at) {
  return error == BlockError::kPayloadChecksum ||
         (error == BlockError::kTooShort &&
          at.size() >= kHeaderSizeWithoutCost);
}

}  // namespace

Scan ScanBlocks(Bytes bytes) {
  Scan scan;
  uint64_t budget = HashBudget(bytes);
  for (size_t at = 0; at < bytes.size();) {
    BlockHeader header;
    const BlockError error = CheckBlock(bytes.subspan(at), &header);
    if (error == BlockError::kOk) {
      scan.blocks.push_back({at, header});
      at += header.header_size + header.packed_size;
      continue;
    }
    if (HeaderHolds(error, bytes.subspan(at))) {
      scan.damaged.push_back({at, header});
    }
    size_t inside = at + 1;
    if (error == BlockError::kPayloadChecksum) {
      if (budget < header.packed_size) {
        inside = at + header.header_size + header.packed_size;
      }
      budget -= std::min(budget, header.packed_size);
    }
    const size_t next = std::max(FindBlock(bytes, inside), inside);
    SkippedRegion region;
    region.begin = at;
    region.end = std::min(next, bytes.size());
    region.message = BlockErrorText(error);
    region.torn_tail =
        error == BlockError::kTooShort && region.end == bytes.size();
    region.incompatible = error == BlockError::kIncompatible;
    AddSkipped(&scan, std::move(region));
    at = next;
  }
  return scan;
}

}  // namespace moetap
