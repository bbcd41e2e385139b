#include "analysis/studies/signatures/folds.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"

namespace moetap {

std::vector<uint32_t> UnitsByLabel(std::span<const uint32_t> labels) {
  std::vector<uint32_t> units(labels.size());
  std::iota(units.begin(), units.end(), 0u);
  std::stable_sort(units.begin(), units.end(), [&](uint32_t a, uint32_t b) {
    return labels[a] < labels[b];
  });
  return units;
}

std::optional<Folds> StratifiedFolds(std::span<const uint32_t> labels,
                                     uint32_t classes, uint32_t count,
                                     uint64_t repeat, uint64_t seed) {
  if (count < 2) return std::nullopt;
  std::vector<uint32_t> units = UnitsByLabel(labels);
  const uint64_t n = units.size();
  uint64_t end = 0;
  for (uint32_t c = 0; c < classes; ++c) {
    const uint64_t begin = end;
    while (end < n && labels[units[end]] == c) ++end;
    if (end - begin < count) return std::nullopt;
    for (uint64_t i = end - 1; i > begin; --i) {
      const uint64_t draw =
          Below(seed, kStreamFolds, repeat * n + i, i - begin + 1);
      std::swap(units[i], units[begin + draw]);
    }
  }
  Folds folds{count, std::vector<uint32_t>(n)};
  for (uint64_t i = 0; i < n; ++i) {
    folds.of_unit[units[i]] = static_cast<uint32_t>(i % count);
  }
  return folds;
}

Folds LeaveOneOutFolds(uint32_t units) {
  Folds folds{units, std::vector<uint32_t>(units)};
  std::iota(folds.of_unit.begin(), folds.of_unit.end(), 0u);
  return folds;
}

}  // namespace moetap
