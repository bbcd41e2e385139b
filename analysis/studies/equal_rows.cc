#include "analysis/studies/equal_rows.h"

#include <algorithm>
#include <numeric>

namespace moetap {

void EqualRows::Load(std::span<const uint64_t> values) {
  order_.resize(values.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  });
  first_.clear();
  class_of_.resize(values.size());
  for (uint32_t i = 0; i < order_.size(); ++i) {
    if (i == 0 || values[order_[i]] != values[order_[i - 1]]) {
      first_.push_back(i);
    }
    class_of_[order_[i]] = static_cast<uint32_t>(first_.size() - 1);
  }
  first_.push_back(static_cast<uint32_t>(order_.size()));
}

void EqualRows::Mark(uint32_t row, std::span<uint64_t> mask) const {
  std::fill(mask.begin(), mask.end(), 0);
  for (const uint32_t r : With(row)) mask[r / 64] |= uint64_t{1} << (r % 64);
}

}  // namespace moetap
