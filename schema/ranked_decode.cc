#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/ranked_sets.h"
#include "schema/set_sort.h"

namespace moetap {
namespace {

class Decoder {
 public:
  Decoder(SetGroups groups, Bytes in, int id_bytes, RankedWorkspace* work,
          uint16_t* sets)
      : groups_(groups),
        in_(in),
        wide_(id_bytes == 2),
        work_(*work),
        sets_(sets) {}

  bool Begin();
  bool ReadRows();

 private:
  bool Measure();
  bool Split();
  void ReadRanks(const uint8_t* low, const uint8_t* high);
  bool ReadRow(const SetGroup& group, size_t offset);
  bool Earlier(const SetGroup& group, const uint16_t** earlier) const;
  bool ReadSet(size_t layer, const uint16_t* earlier, uint16_t* set);
  bool ReadWhole(size_t layer, uint16_t* set);
  bool ReadSingle(size_t layer, size_t n, uint16_t* set);
  uint16_t IdOf(uint16_t symbol) const {
    return wide_ && symbol == header_.symbols - 1 ? kNoRoute : symbol;
  }

  SetGroups groups_;
  Bytes in_;
  bool wide_;
  RankedWorkspace& work_;
  uint16_t* sets_;
  RankedHeader header_;
  size_t k_ = 0;
  size_t mask_bytes_ = 0;
  size_t all_rows_ = 0;
  size_t all_ids_ = 0;
  const uint8_t* references_ = nullptr;
  const uint8_t* flags_ = nullptr;
  const uint8_t* masks_ = nullptr;
  size_t row_ = 0;  // next of each kind
  size_t flag_ = 0;
  size_t mask_ = 0;
  size_t whole_ = 0;
  size_t single_ = 0;
};

bool Decoder::Measure() {
  if (groups_.empty()) return false;
  k_ = groups_.front().k;
  mask_bytes_ = (k_ + 7) / 8;
  for (const SetGroup& group : groups_) {
    if (group.k != k_ || k_ == 0 || k_ > kMaxTopK) return false;
    all_rows_ += group.rows;
    all_ids_ += group.rows * group.row_ids();
    if (all_ids_ > kMaxBlockIds || all_rows_ > kMaxBlockIds) return false;
  }
  return true;
}

// Finds where each part begins; together they must be all of the bytes.
bool Decoder::Split() {
  if (in_.size() < sizeof(header_)) return false;
  std::memcpy(&header_, in_.data(), sizeof(header_));
  const size_t sets = all_ids_ / k_;
  if (header_.symbols > (wide_ ? 65536u : 256u) || header_.references > 1 ||
      header_.flags > sets || header_.masks > header_.flags ||
      header_.whole > sets || header_.single > all_ids_) {
    return false;
  }
  const size_t references = header_.references != 0 ? all_rows_ : 0;
  const size_t plane = header_.whole * k_ + header_.single;
  const size_t planes = header_.symbols > 256 ? 2 : 1;
  references_ = in_.data() + sizeof(header_);
  flags_ = references_ + 2 * references;
  masks_ = flags_ + (header_.flags + 7) / 8;
  const uint8_t* low = masks_ + header_.masks * mask_bytes_;
  const size_t size = sizeof(header_) + 2 * references +
                      (header_.flags + 7) / 8 + header_.masks * mask_bytes_ +
                      planes * plane;
  if (size != in_.size()) return false;
  ReadRanks(low, planes == 2 ? low + plane : nullptr);
  return true;
}

void Decoder::ReadRanks(const uint8_t* low, const uint8_t* high) {
  const size_t n = header_.whole;
  const auto rank = [&](size_t i) {
    return static_cast<uint16_t>(low[i] | (high == nullptr ? 0 : high[i] << 8));
  };
  for (size_t j = 0; j < k_; ++j) {
    for (size_t i = 0; i < n; ++i) work_.whole[i * k_ + j] = rank(j * n + i);
  }
  for (size_t i = 0; i < header_.single; ++i) {
    work_.single[i] = rank(n * k_ + i);
  }
}

bool Decoder::Begin() {
  return Measure() && Split() &&
         work_.model.Reset(NumberLayers(groups_, work_.dense), header_.symbols);
}

bool Decoder::ReadRows() {
  size_t offset = 0;
  for (const SetGroup& group : groups_) {
    const size_t begin = offset;
    for (uint32_t row = 0; row < group.rows; ++row) {
      if (!ReadRow(group, offset)) return false;
      if (header_.references != 0) {
        SortSets(sets_ + offset, group.layers, k_);
      }
      offset += group.row_ids();
    }
    if (header_.references == 0) {
      SortSets(sets_ + begin, size_t{group.rows} * group.layers, k_);
    }
  }
  return flag_ == header_.flags && mask_ == header_.masks &&
         whole_ == header_.whole && single_ == header_.single;
}

// The sets of the row that the next row names, or null if it names none.
bool Decoder::Earlier(const SetGroup& group, const uint16_t** earlier) const {
  *earlier = nullptr;
  if (header_.references == 0) return true;
  const size_t distance =
      references_[row_] | size_t{references_[all_rows_ + row_]} << 8;
  if (distance == 0) return true;
  if (distance > row_) return false;
  const size_t row = row_ - distance;
  if (work_.row_class[row] != work_.row_class[row_]) return false;
  if (flag_ + group.layers > header_.flags) return false;
  *earlier = sets_ + work_.row_offset[row];
  return true;
}

bool Decoder::ReadRow(const SetGroup& group, size_t offset) {
  work_.row_offset[row_] = static_cast<uint32_t>(offset);
  work_.row_class[row_] = group.layer_list;
  const uint16_t* earlier = nullptr;
  if (!Earlier(group, &earlier)) return false;
  ++row_;
  for (size_t i = 0; i < group.layers; ++i) {
    const size_t layer = work_.dense[group.slots[i]];
    uint16_t* set = sets_ + offset + i * k_;
    const bool read = earlier == nullptr
                          ? ReadWhole(layer, set)
                          : ReadSet(layer, earlier + i * k_, set);
    if (!read) return false;
  }
  return true;
}

bool Decoder::ReadSet(size_t layer, const uint16_t* earlier, uint16_t* set) {
  const size_t flag = flag_++;
  if ((flags_[flag / 8] >> flag % 8 & 1) != 0) {
    std::memcpy(set, earlier, k_ * sizeof(*set));
    return true;
  }
  if (mask_ == header_.masks) return false;
  const uint8_t* mask = masks_ + mask_++ * mask_bytes_;
  size_t kept = 0;
  for (size_t j = 0; j < k_; ++j) {
    if ((mask[j / 8] >> j % 8 & 1) != 0) set[kept++] = earlier[j];
  }
  return kept == 0 ? ReadWhole(layer, set)
                   : ReadSingle(layer, k_ - kept, set + kept);
}

// Ranks stand as differences within their set.
bool Decoder::ReadWhole(size_t layer, uint16_t* set) {
  if (whole_ == header_.whole) return false;
  const uint16_t* ranks = work_.whole + whole_++ * k_;
  const uint16_t* symbols = work_.model.symbols(layer);
  uint32_t rank = 0;
  for (size_t j = 0; j < k_; ++j) {
    rank += ranks[j];
    if (rank >= header_.symbols) return false;
    work_.model.Count(layer, symbols[rank]);
    set[j] = IdOf(symbols[rank]);
  }
  work_.model.Counted(layer, k_);
  return true;
}

bool Decoder::ReadSingle(size_t layer, size_t n, uint16_t* set) {
  if (n > header_.single - single_) return false;
  const uint16_t* ranks = work_.single + single_;
  const uint16_t* symbols = work_.model.symbols(layer);
  uint32_t rank = 0;
  for (size_t j = 0; j < n; ++j) {
    rank += ranks[j];
    if (rank >= header_.symbols) return false;
    work_.model.Count(layer, symbols[rank]);
    set[j] = IdOf(symbols[rank]);
  }
  work_.model.Counted(layer, n);
  single_ += n;
  return true;
}

}  // namespace

bool DecodeRankedSets(SetGroups groups, Bytes in, int id_bytes,
                      RankedWorkspace* work, uint16_t* sets) {
  Decoder decoder(groups, in, id_bytes, work, sets);
  return decoder.Begin() && decoder.ReadRows();
}

}  // namespace moetap
