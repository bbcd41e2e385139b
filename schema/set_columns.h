// Sorting many small sets at once, as columns: column j holds the j-th id of
// each set, so that one comparison of a sorting network is a few vector
// instructions for all of them.
#ifndef MOETAP_SCHEMA_SET_COLUMNS_H_
#define MOETAP_SCHEMA_SET_COLUMNS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace moetap {

inline constexpr size_t kSetBatch = 32;
// Longer sets are better off one by one.
inline constexpr size_t kMaxColumns = 16;

// Of uint8_t or uint16_t.
template <typename T>
using SetColumn = T[kSetBatch];

// Calls f(i, j) for each comparison of Batcher's odd-even merge sort of k ids.
template <typename F>
constexpr void ForEachComparison(size_t k, F f) {
  for (size_t p = 1; p < k; p *= 2) {
    for (size_t q = p; q >= 1; q /= 2) {
      for (size_t j = q % p; j + q < k; j += 2 * q) {
        for (size_t i = j; i < j + q && i + q < k; ++i) {
          if (i / (2 * p) == (i + q) / (2 * p)) f(i, i + q);
        }
      }
    }
  }
}

template <typename T>
void SortColumns(SetColumn<T>* column, size_t k) {
  ForEachComparison(k, [&](size_t a, size_t b) {
    for (size_t i = 0; i < kSetBatch; ++i) {
      const T low = std::min(column[a][i], column[b][i]);
      const T high = std::max(column[a][i], column[b][i]);
      column[a][i] = low;
      column[b][i] = high;
    }
  });
}

// The most common k is sorted in registers, a column in each.
inline constexpr size_t kSquare = 8;
using EightIds = uint16_t __attribute__((vector_size(16)));
using SixteenIds = uint8_t __attribute__((vector_size(16)));

struct SquareNetwork {
  constexpr SquareNetwork() {
    size_t n = 0;
    ForEachComparison(kSquare, [&](size_t i, size_t j) {
      a[n] = i;
      b[n++] = j;
    });
  }
  static constexpr size_t kSize = 19;
  size_t a[kSize] = {};
  size_t b[kSize] = {};
};

template <typename V>
inline void SortSquare(V (&v)[kSquare]) {
  static constexpr SquareNetwork kNetwork;
  const auto exchange = [](V& a, V& b) {
    const V low = a < b ? a : b;
    b = a < b ? b : a;
    a = low;
  };
  [&]<size_t... I>(std::index_sequence<I...>) {
    (exchange(v[kNetwork.a[I]], v[kNetwork.b[I]]), ...);
  }
  (std::make_index_sequence<SquareNetwork::kSize>());
}

inline EightIds FirstHalves(EightIds a, EightIds b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline EightIds SecondHalves(EightIds a, EightIds b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline SixteenIds FirstHalves(SixteenIds a, SixteenIds b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                 6, 22, 7, 23);
}
inline SixteenIds SecondHalves(SixteenIds a, SixteenIds b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,
                                 29, 14, 30, 15, 31);
}

// Columns become sets that stand one behind the other; sets of two bytes an
// id become columns.
template <typename V>
inline void TransposeSquare(V (&v)[kSquare]) {
  for (int round = 0; round < 3; ++round) {
    V next[kSquare];
    for (size_t i = 0; i < kSquare / 2; ++i) {
      next[2 * i] = FirstHalves(v[i], v[i + kSquare / 2]);
      next[2 * i + 1] = SecondHalves(v[i], v[i + kSquare / 2]);
    }
    std::copy_n(next, kSquare, v);
  }
}

// An ascending set, less the id at `place`; the largest number comes in.
inline EightIds WithoutPlace(EightIds set, size_t place) {
  static constexpr uint16_t kBelow[2 * kSquare] = {
      0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF};
  EightIds below;
  std::memcpy(&below, kBelow + kSquare - place, sizeof(below));
  const EightIds last = ~EightIds{};
  const EightIds next =
      __builtin_shufflevector(set, last, 1, 2, 3, 4, 5, 6, 7, 8);
  return (set & below) | (next & ~below);
}

// An ascending set with one more id; its last one falls out.
inline EightIds WithId(EightIds set, uint16_t id) {
  const EightIds ids = EightIds{} + id;
  const EightIds low = set < ids ? set : ids;
  const EightIds before =
      __builtin_shufflevector(set, EightIds{}, 8, 0, 1, 2, 3, 4, 5, 6);
  return before < low ? low : before;
}

}  // namespace moetap

#endif  // MOETAP_SCHEMA_SET_COLUMNS_H_
