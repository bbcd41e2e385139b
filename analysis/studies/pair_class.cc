#include "analysis/studies/pair_class.h"

#include <cmath>

#include "analysis/studies/baselines.h"
#include "analysis/studies/student_t.h"

namespace moetap {

const std::vector<PairClass>& PairClasses() {
  constexpr auto bit = [](Cell cell) { return uint32_t{1} << cell; };
  static const std::vector<PairClass> classes = {
      {"all", "all pairs", (1u << kCells) - 1},
      {"input.same", "same input token",
       bit(kSameSame) | bit(kSameDifferent) | bit(kSameUnknown)},
      {"input.different", "different input token",
       bit(kDifferentSame) | bit(kDifferentDifferent) | bit(kDifferentUnknown)},
      {"output.same", "same output token",
       bit(kSameSame) | bit(kDifferentSame)},
      {"output.different", "different output token",
       bit(kSameDifferent) | bit(kDifferentDifferent)},
      {"cell.same_same", "input same, output same", bit(kSameSame)},
      {"cell.same_different", "input same, output different",
       bit(kSameDifferent)},
      {"cell.different_same", "input different, output same",
       bit(kDifferentSame)},
      {"cell.different_different", "input different, output different",
       bit(kDifferentDifferent)},
  };
  return classes;
}

std::vector<uint64_t> Intersections(const BinLayout& layout, const Bins& bins,
                                    size_t layer, uint32_t cells) {
  std::vector<uint64_t> result(layout.k(layer) + 1, 0);
  for (uint32_t cell = 0; cell < kCells; ++cell) {
    if ((cells >> cell & 1) == 0) continue;
    const size_t base = layout.offset(layer, cell);
    for (size_t i = 0; i < result.size(); ++i) result[i] += bins[base + i];
  }
  return result;
}

PairSum SumLayer(const BinLayout& layout, const Bins& bins, size_t layer,
                 uint32_t cells) {
  PairSum sum;
  const auto counts = Intersections(layout, bins, layer, cells);
  for (uint32_t i = 0; i < counts.size(); ++i) {
    sum.pairs += counts[i];
    sum.jaccard += static_cast<double>(counts[i]) * Jaccard(layout.k(layer), i);
  }
  return sum;
}

PairSum SumAll(const BinLayout& layout, const Bins& bins, uint32_t cells) {
  PairSum sum;
  for (size_t layer = 0; layer < layout.layers(); ++layer) {
    const PairSum one = SumLayer(layout, bins, layer, cells);
    sum.pairs += one.pairs;
    sum.jaccard += one.jaccard;
  }
  return sum;
}

Interval Jackknife(const PairSum& total, const std::vector<PairSum>& units,
                   uint64_t least_units) {
  Interval interval;
  std::vector<double> without;
  bool vanishes = false;
  for (const PairSum& unit : units) {
    if (unit.pairs == 0) continue;
    const PairSum rest{total.jaccard - unit.jaccard, total.pairs - unit.pairs};
    vanishes = vanishes || rest.pairs == 0;
    without.push_back(rest.mean().value_or(0));
  }
  interval.units = without.size();
  if (vanishes || without.size() < least_units) return interval;
  const auto n = static_cast<double>(without.size());
  double mean = 0;
  for (const double value : without) mean += value / n;
  double squares = 0;
  for (const double value : without) squares += (value - mean) * (value - mean);
  const double error = std::sqrt((n - 1) / n * squares);
  const double reach = StudentT975(n - 1) * error;
  interval.lo = *total.mean() - reach;
  interval.hi = *total.mean() + reach;
  return interval;
}

}  // namespace moetap
