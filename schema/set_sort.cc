#include "schema/set_sort.h"

#include <algorithm>
#include <cstring>

namespace moetap {
namespace {

// Sets side by side in one batch: column j holds the j-th id of each, so that
// one comparison of a sorting network is a few vector instructions.
constexpr size_t kBatch = 32;
constexpr size_t kMaxNetwork = 16;
using Column = uint16_t[kBatch];

void CompareExchange(Column& a, Column& b) {
  for (size_t i = 0; i < kBatch; ++i) {
    const uint16_t low = std::min(a[i], b[i]);
    const uint16_t high = std::max(a[i], b[i]);
    a[i] = low;
    b[i] = high;
  }
}

// Batcher's odd-even merge sort, for any k.
void SortColumns(Column* column, size_t k) {
  for (size_t p = 1; p < k; p *= 2) {
    for (size_t q = p; q >= 1; q /= 2) {
      for (size_t j = q % p; j + q < k; j += 2 * q) {
        for (size_t i = j; i < j + q && i + q < k; ++i) {
          if (i / (2 * p) == (i + q) / (2 * p)) {
            CompareExchange(column[i], column[i + q]);
          }
        }
      }
    }
  }
}

void ToColumns(const uint16_t* sets, size_t n, size_t k, Column* column) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) column[j][i] = sets[i * k + j];
  }
}

void FromColumns(const Column* column, size_t n, size_t k, uint16_t* sets) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) sets[i * k + j] = column[j][i];
  }
}

// The same for whole batches of the most common k, in vector instructions:
// most of the time would go into moving ids one by one.
constexpr size_t kSquare = 8;
using Vector = uint16_t __attribute__((vector_size(kSquare * 2)));

// Rows `from_stride` ids apart become columns.
void Transpose(const uint16_t* from, size_t from_stride, uint16_t* to,
               size_t to_stride) {
  Vector v[kSquare];
  for (size_t i = 0; i < kSquare; ++i) {
    std::memcpy(&v[i], from + i * from_stride, sizeof(Vector));
  }
  for (int round = 0; round < 3; ++round) {
    Vector next[kSquare];
    for (size_t i = 0; i < kSquare / 2; ++i) {
      const Vector a = v[i];
      const Vector b = v[i + kSquare / 2];
      next[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] =
          __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
    std::copy_n(next, kSquare, v);
  }
  for (size_t i = 0; i < kSquare; ++i) {
    std::memcpy(to + i * to_stride, &v[i], sizeof(Vector));
  }
}

void SortSquares(uint16_t* sets) {
  alignas(64) Column column[kSquare];
  for (size_t i = 0; i < kBatch; i += kSquare) {
    Transpose(sets + i * kSquare, kSquare, column[0] + i, kBatch);
  }
  SortColumns(column, kSquare);
  for (size_t i = 0; i < kBatch; i += kSquare) {
    Transpose(column[0] + i, kBatch, sets + i * kSquare, kSquare);
  }
}

void SortBatch(uint16_t* sets, size_t n, size_t k) {
  if (n == kBatch && k == kSquare) {
    SortSquares(sets);
    return;
  }
  alignas(64) Column column[kMaxNetwork] = {};
  ToColumns(sets, n, k, column);
  SortColumns(column, k);
  FromColumns(column, n, k, sets);
}

}  // namespace

void SortSets(uint16_t* sets, size_t n, size_t k) {
  if (k > kMaxNetwork) {
    for (size_t i = 0; i < n; ++i) std::sort(sets + i * k, sets + i * k + k);
    return;
  }
  for (size_t i = 0; i < n; i += kBatch) {
    SortBatch(sets + i * k, std::min(kBatch, n - i), k);
  }
}

}  // namespace moetap
