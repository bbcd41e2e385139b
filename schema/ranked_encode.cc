#include <algorithm>
#include <cstring>

#include "schema/ranked_sets.h"
#include "schema/set_sort.h"

namespace moetap {
namespace {

class Encoder {
 public:
  Encoder(SetGroups groups, const uint16_t* sets, int id_bytes,
          RankedWorkspace* work)
      : groups_(groups), sets_(sets), wide_(id_bytes == 2), work_(*work) {}

  bool Begin(bool references);
  void AddRows();
  size_t Write(std::span<uint8_t> out);

 private:
  size_t SymbolOf(uint16_t id) const {
    return id == kNoRoute && wide_ ? header_.symbols - 1 : id;
  }
  void AddRow(const SetGroup& group, size_t offset);
  void AddSet(size_t layer, const uint16_t* set, const uint16_t* earlier);
  void AddWhole(size_t layer, const uint16_t* set);
  void AddSingle(size_t layer, const uint16_t* fresh, size_t n);
  size_t Compare(const uint16_t* set, const uint16_t* earlier, uint8_t* mask,
                 uint16_t* fresh) const;
  void SortWhole();
  void WritePlanes(int shift, uint8_t* out) const;

  SetGroups groups_;
  const uint16_t* sets_;
  bool wide_;
  RankedWorkspace& work_;
  RankedHeader header_;
  size_t k_ = 0;
  size_t mask_bytes_ = 0;
  size_t rows_ = 0;
};

bool Encoder::Begin(bool references) {
  if (groups_.empty()) return false;
  k_ = groups_.front().k;
  mask_bytes_ = (k_ + 7) / 8;
  size_t ids = 0;
  for (const SetGroup& group : groups_) {
    if (group.k != k_) return false;
    ids += group.rows * group.row_ids();
  }
  uint16_t top = 0;
  for (size_t i = 0; i < ids; ++i) {
    if (!wide_ || sets_[i] != kNoRoute) top = std::max(top, sets_[i]);
  }
  header_.symbols = top + 1u + (wide_ ? 1 : 0);
  header_.references = references ? 1 : 0;
  if (references) work_.finder.Reset(sets_);
  return work_.model.Reset(RankModel::Side::kRanks,
                           NumberLayers(groups_, work_.dense), header_.symbols);
}

void Encoder::AddRows() {
  size_t offset = 0;
  for (const SetGroup& group : groups_) {
    for (uint32_t row = 0; row < group.rows; ++row) {
      AddRow(group, offset);
      offset += group.row_ids();
    }
  }
  SortWhole();
}

void Encoder::AddRow(const SetGroup& group, size_t offset) {
  const uint16_t* earlier = nullptr;
  work_.row_offset[rows_] = static_cast<uint32_t>(offset);
  if (header_.references != 0) {
    const uint32_t distance = work_.finder.Next(group, offset);
    work_.reference[rows_] = static_cast<uint16_t>(distance);
    if (distance != 0) earlier = sets_ + work_.row_offset[rows_ - distance];
  }
  ++rows_;
  for (size_t i = 0; i < group.layers; ++i) {
    const size_t layer = work_.dense[group.slots[i]];
    const uint16_t* set = sets_ + offset + i * k_;
    if (earlier == nullptr) {
      AddWhole(layer, set);
    } else {
      AddSet(layer, set, earlier + i * k_);
    }
  }
}

// The ids of `set` that `earlier` has not, and which of its ids are kept.
// Both ascend, and an id may be there twice.
size_t Encoder::Compare(const uint16_t* set, const uint16_t* earlier,
                        uint8_t* mask, uint16_t* fresh) const {
  size_t n = 0;
  size_t j = 0;
  std::memset(mask, 0, mask_bytes_);
  for (size_t i = 0; i < k_; ++i) {
    while (j < k_ && earlier[j] < set[i]) ++j;
    if (j < k_ && earlier[j] == set[i]) {
      mask[j / 8] = static_cast<uint8_t>(mask[j / 8] | 1u << j % 8);
      ++j;
    } else {
      fresh[n++] = set[i];
    }
  }
  return n;
}

void Encoder::AddSet(size_t layer, const uint16_t* set,
                     const uint16_t* earlier) {
  const uint32_t at = header_.flags++;
  if (at % 8 == 0) work_.flag[at / 8] = 0;
  if (std::memcmp(set, earlier, k_ * sizeof(*set)) == 0) {
    work_.flag[at / 8] =
        static_cast<uint8_t>(work_.flag[at / 8] | 1u << at % 8);
    return;
  }
  uint8_t* mask = work_.mask + header_.masks++ * mask_bytes_;
  uint16_t fresh[kMaxTopK];
  const size_t n = Compare(set, earlier, mask, fresh);
  if (n < k_) {
    AddSingle(layer, fresh, n);
  } else {
    AddWhole(layer, set);
  }
}

// Ranks as they come; SortWhole() does the rest for all at once.
void Encoder::AddWhole(size_t layer, const uint16_t* set) {
  uint16_t* out = work_.whole + size_t{header_.whole++} * k_;
  const uint16_t* ranks = work_.model.ranks(layer);
  for (size_t j = 0; j < k_; ++j) {
    const size_t symbol = SymbolOf(set[j]);
    out[j] = ranks[symbol];
    work_.model.Count(layer, symbol);
  }
  work_.model.Counted(layer, k_);
}

void Encoder::AddSingle(size_t layer, const uint16_t* fresh, size_t n) {
  uint16_t* out = work_.single + header_.single;
  const uint16_t* ranks = work_.model.ranks(layer);
  for (size_t j = 0; j < n; ++j) {
    const size_t symbol = SymbolOf(fresh[j]);
    out[j] = ranks[symbol];
    work_.model.Count(layer, symbol);
  }
  work_.model.Counted(layer, n);
  std::sort(out, out + n);
  for (size_t j = n; j-- > 1;)
    out[j] = static_cast<uint16_t>(out[j] - out[j - 1]);
  header_.single += static_cast<uint32_t>(n);
}

void Encoder::SortWhole() {
  SortSets(work_.whole, header_.whole, k_);
  for (size_t i = 0; i < header_.whole; ++i) {
    uint16_t* ranks = work_.whole + i * k_;
    for (size_t j = k_; j-- > 1;) {
      ranks[j] = static_cast<uint16_t>(ranks[j] - ranks[j - 1]);
    }
  }
}

// Byte `shift` / 8 of the ranks: one plane for each place in a set, then the
// single ones.
void Encoder::WritePlanes(int shift, uint8_t* out) const {
  const size_t n = header_.whole;
  for (size_t j = 0; j < k_; ++j) {
    for (size_t i = 0; i < n; ++i) {
      out[j * n + i] = static_cast<uint8_t>(work_.whole[i * k_ + j] >> shift);
    }
  }
  out += n * k_;
  for (size_t i = 0; i < header_.single; ++i) {
    out[i] = static_cast<uint8_t>(work_.single[i] >> shift);
  }
}

size_t Encoder::Write(std::span<uint8_t> out) {
  const size_t planes = header_.symbols > 256 ? 2 : 1;
  const size_t plane = size_t{header_.whole} * k_ + header_.single;
  const size_t references = header_.references != 0 ? rows_ : 0;
  const size_t flag_bytes = (header_.flags + 7) / 8;
  const size_t masks = header_.masks * mask_bytes_;
  const size_t size =
      sizeof(header_) + 2 * references + flag_bytes + masks + planes * plane;
  if (size > out.size()) return 0;
  uint8_t* at = out.data();
  std::memcpy(at, &header_, sizeof(header_));
  at += sizeof(header_);
  for (const int shift : {0, 8}) {
    for (size_t i = 0; i < references; ++i) {
      *at++ = static_cast<uint8_t>(work_.reference[i] >> shift);
    }
  }
  std::memcpy(at, work_.flag, flag_bytes);
  std::memcpy(at + flag_bytes, work_.mask, masks);
  at += flag_bytes + masks;
  WritePlanes(0, at);
  if (planes == 2) WritePlanes(8, at + plane);
  return size;
}

}  // namespace

size_t EncodeRankedSets(SetGroups groups, const uint16_t* sets, int id_bytes,
                        bool references, RankedWorkspace* work,
                        std::span<uint8_t> out) {
  Encoder encoder(groups, sets, id_bytes, work);
  if (!encoder.Begin(references)) return 0;
  encoder.AddRows();
  return encoder.Write(out);
}

}  // namespace moetap
