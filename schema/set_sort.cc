#include "schema/set_sort.h"

#include <algorithm>

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

void SortBatch(uint16_t* sets, size_t n, size_t k) {
  alignas(64) Column column[kMaxNetwork] = {};
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) column[j][i] = sets[i * k + j];
  }
  SortColumns(column, k);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < k; ++j) sets[i * k + j] = column[j][i];
  }
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
