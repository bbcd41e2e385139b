#include "schema/set_sort.h"

#include <algorithm>
#include <cstring>

#include "schema/set_columns.h"

namespace moetap {
namespace {

// Eight sets of eight.
void SortSquares(uint16_t* sets) {
  EightIds v[kSquare];
  std::memcpy(v, sets, sizeof(v));
  TransposeSquare(v);
  SortSquare(v);
  TransposeSquare(v);
  std::memcpy(sets, v, sizeof(v));
}

void SortBatch(uint16_t* sets, size_t n, size_t k) {
  alignas(64) SetColumn<uint16_t> column[kMaxColumns] = {};
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) column[j][i] = sets[i * k + j];
  }
  SortColumns<uint16_t>(column, k);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) sets[i * k + j] = column[j][i];
  }
}

}  // namespace

void SortSets(uint16_t* sets, size_t n, size_t k) {
  if (k > kMaxColumns) {
    for (size_t i = 0; i < n; ++i) std::sort(sets + i * k, sets + i * k + k);
    return;
  }
  size_t i = 0;
  if (k == kSquare) {
    for (; i + kSquare <= n; i += kSquare) SortSquares(sets + i * k);
  }
  for (; i < n; i += kSetBatch) {
    SortBatch(sets + i * k, std::min(kSetBatch, n - i), k);
  }
}

}  // namespace moetap
