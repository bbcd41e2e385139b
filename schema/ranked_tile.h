// Whole sets of RankedDifferences on their way from differences of ranks to
// ids: as many as stay in the first-level cache while their layers take turns.
#ifndef MOETAP_SCHEMA_RANKED_TILE_H_
#define MOETAP_SCHEMA_RANKED_TILE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "schema/rank_model.h"
#include "schema/ring_format.h"
#include "schema/set_columns.h"

namespace moetap {

// T holds a rank: uint8_t or uint16_t.
template <typename T>
class RankedTile {
 public:
  // Room that ids of any k need.
  static constexpr size_t kMaxIds = size_t{1} << 16;
  static constexpr size_t Sets(size_t k) {
    constexpr size_t kIds = 16384;
    return std::max(kIds / k / kSetBatch, size_t{1}) * kSetBatch;
  }

  // `ids` is not owned.
  RankedTile(T* ids, size_t k) : ids_(ids), k_(k), stride_(Sets(k) + kPad) {}

  // The next `n` sets, at most Sets(k), whose j-th differences, low and high
  // bytes, stand from j * `step` on; `high` may be null.  False: a rank is not
  // below `symbols`.
  bool Read(const uint8_t* low, const uint8_t* high, size_t step, size_t n,
            uint32_t symbols);

  // Of the sets of one layer, in `rows` rows of `layers` sets: ranks become
  // symbols, which sort as ids do.
  void LookUp(RankModel* model, size_t layer, size_t place, size_t layers,
              size_t rows);

  // The first `n` sets, ascending.
  void Write(size_t n, uint16_t* sets);

 private:
  // Columns a multiple of 4096 bytes apart would share the lines of a cache.
  static constexpr size_t kPad = kSetBatch;
  static_assert((Sets(kMaxTopK) + kPad) * kMaxTopK <= kMaxIds);

  template <bool kCount>
  void LookUpSets(RankModel* model, size_t layer, T* set, size_t step,
                  size_t rows, size_t k);
  void WriteShort(size_t n, uint16_t* sets);
  void WriteColumns(size_t n, uint16_t* sets);
  void WriteLong(size_t n, uint16_t* sets);

  T* ids_;
  size_t k_;
  size_t stride_;
};

// A sum that is too large for T is too large for a rank.
template <typename T>
bool RankedTile<T>::Read(const uint8_t* low, const uint8_t* high, size_t step,
                         size_t n, uint32_t symbols) {
  const size_t end = (n + kSetBatch - 1) / kSetBatch * kSetBatch;
  T wrong = 0;
  for (size_t j = 0; j < k_; ++j, low += step) {
    T* column = ids_ + j * stride_;
    for (size_t i = 0; i < n; ++i) column[i] = low[i];
    if constexpr (sizeof(T) == 2) {
      for (size_t i = 0; i < n; ++i) {
        column[i] = static_cast<T>(column[i] | high[j * step + i] << 8);
      }
    }
    std::fill(column + n, column + end, T{0});
    if (j == 0) continue;
    const T* before = column - stride_;
    for (size_t i = 0; i < end; ++i) {
      column[i] = static_cast<T>(column[i] + before[i]);
      wrong = static_cast<T>(wrong | (column[i] < before[i]));
    }
  }
  const T* last = ids_ + (k_ - 1) * stride_;
  return wrong == 0 && *std::max_element(last, last + end) < symbols;
}

template <typename T>
void RankedTile<T>::LookUp(RankModel* model, size_t layer, size_t place,
                           size_t layers, size_t rows) {
  T* set = ids_ + place;
  // Known to the compiler, the most common k leaves no inner loop.
  const bool square = k_ == kSquare;
  if (model->Settled(layer)) {
    square ? LookUpSets<false>(model, layer, set, layers, rows, kSquare)
           : LookUpSets<false>(model, layer, set, layers, rows, k_);
  } else {
    square ? LookUpSets<true>(model, layer, set, layers, rows, kSquare)
           : LookUpSets<true>(model, layer, set, layers, rows, k_);
  }
}

template <typename T>
template <bool kCount>
[[gnu::always_inline]] inline void RankedTile<T>::LookUpSets(
    RankModel* model, size_t layer, T* set, size_t step, size_t rows,
    size_t k) {
  const size_t stride = stride_;  // which T could alias
  const uint16_t* symbols = model->symbols(layer);
  [[maybe_unused]] uint32_t* counts = model->counts(layer);
  for (size_t row = 0; row < rows; ++row, set += step) {
    for (size_t j = 0; j < k; ++j) {
      const uint16_t symbol = symbols[set[j * stride]];
      set[j * stride] = static_cast<T>(symbol);
      if constexpr (kCount) ++counts[symbol];
    }
    if constexpr (kCount) model->Counted(layer, k);
  }
}

template <typename T>
void RankedTile<T>::Write(size_t n, uint16_t* sets) {
  if (k_ <= kSquare) return WriteShort(n, sets);
  if (k_ <= kMaxColumns) return WriteColumns(n, sets);
  WriteLong(n, sets);
}

// As many sets at a time as a register has ids.  Columns that are not there are
// the last ones.
template <typename T>
void RankedTile<T>::WriteShort(size_t n, uint16_t* sets) {
  using V = std::conditional_t<sizeof(T) == 1, SixteenIds, EightIds>;
  constexpr size_t kAtOnce = sizeof(V) / sizeof(T);
  const size_t k = k_;
  V v[kSquare];
  for (size_t at = 0; at < n; at += kAtOnce) {
    for (size_t j = 0; j < kSquare; ++j) {
      v[j] = ~V{};
      if (j < k) std::memcpy(&v[j], ids_ + j * stride_ + at, sizeof(V));
    }
    SortSquare(v);
    TransposeSquare(v);
    T ids[kAtOnce * kSquare];
    std::memcpy(ids, v, sizeof(ids));
    if (k == kSquare && n - at >= kAtOnce) {
      sets = std::copy_n(ids, kAtOnce * kSquare, sets);
      continue;
    }
    for (size_t i = 0; i < std::min(kAtOnce, n - at); ++i) {
      for (size_t j = 0; j < k; ++j) *sets++ = ids[i * kSquare + j];
    }
  }
}

template <typename T>
void RankedTile<T>::WriteColumns(size_t n, uint16_t* sets) {
  for (size_t at = 0; at < n; at += kSetBatch) {
    SetColumn<T> column[kMaxColumns];
    for (size_t j = 0; j < k_; ++j) {
      std::memcpy(column[j], ids_ + j * stride_ + at, sizeof(column[j]));
    }
    SortColumns<T>(column, k_);
    for (size_t i = 0; i < std::min(kSetBatch, n - at); ++i) {
      for (size_t j = 0; j < k_; ++j) *sets++ = column[j][i];
    }
  }
}

template <typename T>
void RankedTile<T>::WriteLong(size_t n, uint16_t* sets) {
  for (size_t i = 0; i < n; ++i, sets += k_) {
    for (size_t j = 0; j < k_; ++j) sets[j] = ids_[j * stride_ + i];
    std::sort(sets, sets + k_);
  }
}

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RANKED_TILE_H_
