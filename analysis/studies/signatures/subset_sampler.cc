#include "analysis/studies/signatures/subset_sampler.h"

#include <algorithm>
#include <numeric>

namespace moetap {
namespace {

double UnitUniform(uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// The last of `length` >= 1 places from `at` on whose value is above `bound`,
// in a column that never increases and begins above it.  Without a branch: no
// processor can predict it.
size_t LastAbove(const double* column, size_t at, size_t length, double bound) {
  while (length > 1) {
    const size_t half = length / 2;
    at += half & -static_cast<size_t>(column[at + half] > bound);
    length -= half;
  }
  return at;
}

}  // namespace

SubsetSampler::SubsetSampler(std::span<const double> odds, uint32_t k)
    : k_(k), n_(odds.size()), items_(n_), table_((n_ + 1) * (k + 1), 0) {
  std::iota(items_.begin(), items_.end(), 0);
  std::stable_sort(items_.begin(), items_.end(),
                   [&](uint32_t a, uint32_t b) { return odds[a] < odds[b]; });
  std::fill_n(table_.begin(), n_ + 1, 1.0);
  for (uint32_t degree = 1; degree <= k; ++degree) FillColumn(odds, degree);
}

// E(i, j) = E(i + 1, j) + odds[i] * E(i + 1, j - 1), in units of the j-th
// largest odds: all summands then lie in [0, 1], and the sum is at least 1 / j.
void SubsetSampler::FillColumn(std::span<const double> odds, uint32_t degree) {
  const double* lower = table_.data() + (degree - 1) * (n_ + 1);
  double* column = table_.data() + degree * (n_ + 1);
  const double unit = odds[items_[n_ - degree]];
  for (size_t i = n_ - degree + 1; i-- > 0;) {
    column[i] = column[i + 1] + odds[items_[i]] / unit * lower[i + 1];
  }
  const double scale = 1 / column[0];
  for (size_t i = 0; i <= n_ - degree; ++i) column[i] *= scale;
}

void SubsetSampler::Draw(std::span<const uint64_t> bits,
                         std::span<uint32_t> chosen) const {
  size_t at = 0;
  const double* column = table_.data() + k_ * (n_ + 1);
  for (uint32_t left = k_; left > 0; --left, column -= n_ + 1) {
    const double bound = UnitUniform(bits[k_ - left]) * column[at];
    at = LastAbove(column, at, n_ - left - at + 1, bound);
    chosen[k_ - left] = items_[at++];
  }
}

}  // namespace moetap
