#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/ranked_sets.h"
#include "schema/ranked_tile.h"

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
        first_(sets),
        sets_(sets) {}

  bool Begin();
  bool ReadRows() {
    return high_ == nullptr ? ReadRowsAs<uint8_t>() : ReadRowsAs<uint16_t>();
  }

 private:
  bool Measure();
  bool Split();
  // T holds a rank, and a symbol.
  template <typename T>
  bool ReadRowsAs();
  template <typename T>
  bool ReadWholeRows(const SetGroup& group, size_t rows);
  template <typename T>
  bool ReadTile(const uint16_t* slots, size_t layers, size_t rows);
  size_t MostRows(const SetGroup& group);
  bool Earlier(const SetGroup& group, size_t offset, const uint16_t** earlier);
  template <typename T>
  bool ReadReferringRow(const SetGroup& group, const uint16_t* earlier);
  template <typename T>
  bool ReadChanged(size_t layer, const uint16_t* earlier);
  template <typename T>
  bool ReadChangedShort(size_t layer, const uint16_t* earlier, uint8_t mask);
  template <typename T>
  bool ReadNew(size_t layer, size_t n, uint16_t* ids);
  template <typename T>
  bool ReadIds(size_t layer, size_t first, size_t stride, size_t n,
               uint16_t* ids);
  void CopySet(const void* from, void* to) const;
  void Map(size_t n, uint16_t* ids) const;

  SetGroups groups_;
  Bytes in_;
  bool wide_;
  RankedWorkspace& work_;
  const uint16_t* first_;
  uint16_t* sets_;  // the next to be read
  RankedHeader header_;
  size_t k_ = 0;
  size_t mask_bytes_ = 0;
  size_t tile_sets_ = 0;
  uint32_t mark_ = 0;
  size_t all_rows_ = 0;
  size_t all_ids_ = 0;
  const uint8_t* references_ = nullptr;
  const uint8_t* flags_ = nullptr;
  const uint8_t* masks_ = nullptr;
  const uint8_t* low_ = nullptr;   // bytes of ranks
  const uint8_t* high_ = nullptr;  // or null
  size_t row_ = 0;                 // next of each kind
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
  tile_sets_ = RankedTile<uint8_t>::Sets(k_);
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
  low_ = masks_ + header_.masks * mask_bytes_;
  if (planes == 2) high_ = low_ + plane;
  const size_t size = sizeof(header_) + 2 * references +
                      (header_.flags + 7) / 8 + header_.masks * mask_bytes_ +
                      planes * plane;
  return size == in_.size();
}

bool Decoder::Begin() {
  if (!Measure() || !Split()) return false;
  const size_t layers = NumberLayers(groups_, work_.dense);
  if (!work_.model.Reset(RankModel::Side::kSymbols, layers, header_.symbols))
    return false;
  std::fill_n(work_.mark, layers, mark_);
  for (const SetGroup& group : groups_) {
    for (size_t i = 0; group.rows > 0 && i < group.layers; ++i) {
      work_.model.Expect(work_.dense[group.slots[i]], group.rows * k_);
    }
  }
  return true;
}

// Rows of the same layers that name no earlier row are read together.
template <typename T>
bool Decoder::ReadRowsAs() {
  size_t offset = 0;
  size_t whole = 0;  // rows that wait, of the group `last`
  size_t most = 0;   // of them
  const SetGroup* last = nullptr;
  for (const SetGroup& group : groups_) {
    if (group.rows == 0) continue;
    if (last == nullptr || last->layer_list != group.layer_list) {
      if (whole > 0 && !ReadWholeRows<T>(*last, whole)) return false;
      whole = 0;
      last = &group;
      most = MostRows(group);
    }
    for (uint32_t row = 0; row < group.rows; ++row) {
      const uint16_t* earlier = nullptr;
      if (!Earlier(group, offset, &earlier)) return false;
      offset += group.row_ids();
      whole += earlier == nullptr;
      if (whole == most || (whole > 0 && earlier != nullptr)) {
        if (!ReadWholeRows<T>(group, whole)) return false;
        whole = 0;
      }
      if (earlier != nullptr && !ReadReferringRow<T>(group, earlier)) {
        return false;
      }
    }
  }
  return (whole == 0 || ReadWholeRows<T>(*last, whole)) &&
         flag_ == header_.flags && mask_ == header_.masks &&
         whole_ == header_.whole && single_ == header_.single;
}

// How many rows can be read layer by layer: one if a layer is there twice.
size_t Decoder::MostRows(const SetGroup& group) {
  if (group.layers > tile_sets_ / 2) return 1;
  ++mark_;
  for (size_t i = 0; i < group.layers; ++i) {
    uint32_t& mark = work_.mark[work_.dense[group.slots[i]]];
    if (mark == mark_) return 1;
    mark = mark_;
  }
  return tile_sets_ / std::max(group.layers, 1u);
}

// The sets of the row that the next row, whose own begin at `offset`, names;
// null if it names none.
bool Decoder::Earlier(const SetGroup& group, size_t offset,
                      const uint16_t** earlier) {
  if (header_.references == 0) return true;
  const size_t row = row_++;
  work_.row_offset[row] = static_cast<uint32_t>(offset);
  work_.row_class[row] = group.layer_list;
  const size_t distance =
      references_[row] | size_t{references_[all_rows_ + row]} << 8;
  if (distance == 0) return true;
  if (distance > row) return false;
  if (work_.row_class[row - distance] != group.layer_list) return false;
  *earlier = first_ + work_.row_offset[row - distance];
  return true;
}

template <typename T>
bool Decoder::ReadWholeRows(const SetGroup& group, size_t rows) {
  for (size_t i = 0; i < group.layers; i += tile_sets_) {
    const size_t layers = std::min(group.layers - i, tile_sets_);
    if (!ReadTile<T>(group.slots + i, layers, rows)) return false;
  }
  return true;
}

template <typename T>
bool Decoder::ReadTile(const uint16_t* slots, size_t layers, size_t rows) {
  const size_t n = layers * rows;
  if (n > header_.whole - whole_) return false;
  RankedTile<T> tile(reinterpret_cast<T*>(work_.tile), k_);
  if (!tile.Read(low_ + whole_, high_ == nullptr ? nullptr : high_ + whole_,
                 header_.whole, n, header_.symbols)) {
    return false;
  }
  whole_ += n;
  for (size_t i = 0; i < layers; ++i) {
    tile.LookUp(&work_.model, work_.dense[slots[i]], i, layers, rows);
  }
  tile.Write(n, sets_);
  Map(n * k_, sets_);
  sets_ += n * k_;
  return true;
}

template <typename T>
bool Decoder::ReadReferringRow(const SetGroup& group, const uint16_t* earlier) {
  if (group.layers > header_.flags - flag_) return false;
  for (size_t i = 0; i < group.layers; ++i, earlier += k_, sets_ += k_) {
    const size_t flag = flag_++;
    if ((flags_[flag / 8] >> flag % 8 & 1) != 0) {
      CopySet(earlier, sets_);
    } else if (!ReadChanged<T>(work_.dense[group.slots[i]], earlier)) {
      return false;
    }
  }
  return true;
}

void Decoder::CopySet(const void* from, void* to) const {
  if (k_ == kSquare) {  // no call
    std::memcpy(to, from, kSquare * sizeof(*sets_));
  } else {
    std::memcpy(to, from, k_ * sizeof(*sets_));
  }
}

template <typename T>
bool Decoder::ReadChanged(size_t layer, const uint16_t* earlier) {
  if (mask_ == header_.masks) return false;
  const uint8_t* mask = masks_ + mask_++ * mask_bytes_;
  if (k_ <= kSquare) return ReadChangedShort<T>(layer, earlier, *mask);
  size_t kept = 0;
  for (size_t j = 0; j < k_; ++j) {
    sets_[kept] = earlier[j];
    kept += mask[j / 8] >> j % 8 & 1;
  }
  if (!ReadNew<T>(layer, k_ - kept, sets_ + kept)) return false;
  std::sort(sets_, sets_ + k_);
  return true;
}

// The same in one register: ids that are not kept leave it, new ones are put
// in order.
template <typename T>
bool Decoder::ReadChangedShort(size_t layer, const uint16_t* earlier,
                               uint8_t mask) {
  uint16_t fresh[kSquare];
  uint32_t gone = ~mask & ((1u << k_) - 1);
  const auto n = static_cast<size_t>(std::popcount(gone));
  if (!ReadNew<T>(layer, n, fresh)) return false;
  EightIds set = ~EightIds{};
  CopySet(earlier, &set);
  for (; gone != 0; gone &= ~(1u << (std::bit_width(gone) - 1))) {
    set = WithoutPlace(set, static_cast<size_t>(std::bit_width(gone) - 1));
  }
  for (size_t j = 0; j < n; ++j) set = WithId(set, fresh[j]);
  CopySet(&set, sets_);
  return true;
}

// What a set lacks: all of its ids, or some.
template <typename T>
bool Decoder::ReadNew(size_t layer, size_t n, uint16_t* ids) {
  if (n == k_) {
    if (whole_ == header_.whole) return false;
    return ReadIds<T>(layer, whole_++, header_.whole, n, ids);
  }
  if (n > header_.single - single_) return false;
  const size_t first = header_.whole * k_ + single_;
  single_ += n;
  return ReadIds<T>(layer, first, 1, n, ids);
}

// `n` ids whose ranks are `stride` apart.
template <typename T>
bool Decoder::ReadIds(size_t layer, size_t first, size_t stride, size_t n,
                      uint16_t* ids) {
  const uint16_t* symbols = work_.model.symbols(layer);
  uint32_t* counts = work_.model.counts(layer);
  size_t rank = 0;
  for (size_t j = 0; j < n; ++j) {
    rank += low_[first + j * stride];
    if constexpr (sizeof(T) == 2)
      rank += size_t{high_[first + j * stride]} << 8;
    if (rank >= header_.symbols) return false;
    ids[j] = symbols[rank];
    ++counts[ids[j]];
  }
  work_.model.Counted(layer, n);
  Map(n, ids);
  return true;
}

// Symbols become ids, in the same order.
void Decoder::Map(size_t n, uint16_t* ids) const {
  if (!wide_) return;
  const auto last = static_cast<uint16_t>(header_.symbols - 1);
  for (size_t i = 0; i < n; ++i) {
    ids[i] = static_cast<uint16_t>(ids[i] | (ids[i] == last ? kNoRoute : 0));
  }
}

}  // namespace

bool DecodeRankedSets(SetGroups groups, Bytes in, int id_bytes,
                      RankedWorkspace* work, uint16_t* sets) {
  Decoder decoder(groups, in, id_bytes, work, sets);
  return decoder.Begin() && decoder.ReadRows();
}

}  // namespace moetap
