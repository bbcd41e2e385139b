#include "schema/row_finder.h"

#include <algorithm>
#include <cstring>

namespace moetap {
namespace {

uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

uint64_t Hash(uint64_t seed, const uint16_t* ids, size_t n) {
  uint64_t hash = Mix(seed, n);
  for (; n >= 4; n -= 4, ids += 4) {
    uint64_t word;
    std::memcpy(&word, ids, sizeof(word));
    hash = Mix(hash, word);
  }
  for (; n > 0; --n) hash = Mix(hash, *ids++);
  return hash;
}

// Ids that are the same at the same place.
uint32_t Same(const uint16_t* a, const uint16_t* b, size_t n) {
  uint32_t same = 0;
  while (n > 0) {
    const size_t part = std::min<size_t>(n, 4096);
    uint16_t count = 0;
    for (size_t i = 0; i < part; ++i) {
      count = static_cast<uint16_t>(count + (a[i] == b[i] ? 1 : 0));
    }
    same += count;
    a += part;
    b += part;
    n -= part;
  }
  return same;
}

}  // namespace

void RowFinder::Reset(const uint16_t* sets) {
  sets_ = sets;
  rows_ = 0;
  std::fill(std::begin(head_), std::end(head_), 0u);
}

bool RowFinder::Fits(uint32_t row, const SetGroup& group) const {
  return row_[row].layer_list == group.layer_list && row_[row].k == group.k &&
         rows_ - row <= kMaxDistance;
}

// Rows that share a set, or half of one, in some layer; each of them once.
size_t RowFinder::LookUp(const SetGroup& group, const uint16_t* ids,
                         uint32_t* candidates) {
  const size_t k = group.k;
  const size_t half = k / 2;
  const size_t looks = std::min<size_t>(group.layers, kLayers);
  size_t n = 0;
  for (size_t i = 0; i < looks; ++i) {
    const size_t layer = i * group.layers / looks;
    const uint16_t* set = ids + layer * k;
    const uint64_t keys[kKeys] = {Hash(layer * 3, set, k),
                                  Hash(layer * 3 + 1, set, half),
                                  Hash(layer * 3 + 2, set + half, k - half)};
    for (const uint64_t key : keys) {
      uint32_t& head = head_[key >> 48];
      const uint32_t row = head - 1;
      head = rows_ + 1;
      if (row >= rows_ || !Fits(row, group)) continue;
      if (std::find(candidates, candidates + n, row) == candidates + n) {
        candidates[n++] = row;
      }
    }
  }
  return n;
}

uint32_t RowFinder::Next(const SetGroup& group, size_t offset) {
  const uint16_t* ids = sets_ + offset;
  uint32_t candidates[kLayers * kKeys];
  const size_t n = LookUp(group, ids, candidates);
  uint32_t best = 0;
  // Below this, what is kept does not pay for the reference.
  uint32_t most = static_cast<uint32_t>(group.row_ids() / 8);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t same =
        Same(ids, sets_ + row_[candidates[i]].offset, group.row_ids());
    if (same <= most) continue;
    most = same;
    best = rows_ - candidates[i];
  }
  row_[rows_++] = {static_cast<uint32_t>(offset), group.layer_list, group.k};
  return best;
}

}  // namespace moetap
