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

}  // namespace

Scan ScanBlocks(Bytes bytes) {
  Scan scan;
  for (size_t at = 0; at < bytes.size();) {
    BlockHeader header;
    const BlockError error = CheckBlock(bytes.subspan(at), &header);
    if (error == BlockError::kOk) {
      scan.blocks.push_back({at, header});
      at += header.header_size + header.packed_size;
      continue;
    }
    const size_t next = std::max(FindBlock(bytes, at + 1), at + 1);
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
