#include "analysis/studies/intervals.h"

#include <algorithm>
#include <cmath>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/student_t.h"

namespace moetap {
namespace {

// Without each of the units that have a count; nothing if none is left.
std::optional<std::vector<double>> LeaveOneOut(
    const RatioSum& total, std::span<const RatioSum> units) {
  std::vector<double> values;
  for (const RatioSum& unit : units) {
    if (unit.count == 0) continue;
    const auto value = Ratio(total.Without(unit));
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

// How much of the replicates' values lies outside on each side.
double ExpandedTail(double n) {
  return NormalTail(std::sqrt(n / (n - 1)) * StudentT(0.025, n - 1));
}

uint64_t UnitsWithCount(std::span<const RatioSum> units) {
  return static_cast<uint64_t>(
      std::count_if(units.begin(), units.end(),
                    [](const RatioSum& unit) { return unit.count > 0; }));
}

// Each unit's ratio as a sum over one; nothing for those without.  The mean of
// ratios is then a ratio of sums itself.
std::vector<RatioSum> RatiosAsSums(std::span<const RatioSum> units) {
  std::vector<RatioSum> result;
  for (const RatioSum& unit : units) {
    const auto ratio = Ratio(unit);
    result.push_back(ratio ? RatioSum{*ratio, 1} : RatioSum{});
  }
  return result;
}

RatioSum Sum(std::span<const RatioSum> units) {
  RatioSum sum;
  for (const RatioSum& unit : units) sum.Add(unit);
  return sum;
}

}  // namespace

double Quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

double NormalTail(double x) { return std::erfc(x / std::sqrt(2.0)) / 2; }

std::optional<double> Ratio(const RatioSum& sum) {
  if (sum.count == 0) return std::nullopt;
  return sum.sum / static_cast<double>(sum.count);
}

std::optional<double> MeanOfRatios(std::span<const RatioSum> units) {
  return Ratio(Sum(RatiosAsSums(units)));
}

double EffectiveUnits(std::span<const RatioSum> units) {
  double sum = 0;
  double squares = 0;
  for (const RatioSum& unit : units) {
    const auto count = static_cast<double>(unit.count);
    sum += count;
    squares += count * count;
  }
  return sum > 0 ? sum * sum / squares : 0;
}

std::optional<JackknifeResult> JackknifeStatistic(
    double full, std::span<const double> without, double effective) {
  if (effective < kLeastEffectiveUnits) return std::nullopt;
  const auto n = static_cast<double>(without.size());
  double mean = 0;
  for (const double value : without) mean += value / n;
  double squares = 0;
  for (const double value : without) squares += (value - mean) * (value - mean);
  JackknifeResult result;
  result.estimate = full;
  result.error = std::sqrt((n - 1) / n * squares);
  const double two_sided = StudentT(0.025, effective - 1) * result.error;
  const double one_sided = StudentT(0.05, effective - 1) * result.error;
  result.lo = full - two_sided;
  result.hi = full + two_sided;
  result.lower = full - one_sided;
  result.upper = full + one_sided;
  return result;
}

Interval JackknifeRatio(const RatioSum& total, std::span<const RatioSum> units,
                        uint64_t least_units) {
  Interval interval;
  interval.units = UnitsWithCount(units);
  interval.effective = EffectiveUnits(units);
  const auto full = Ratio(total);
  const auto without = LeaveOneOut(total, units);
  if (!full || !without || interval.units < least_units) return interval;
  const auto bounds = JackknifeStatistic(*full, *without, interval.effective);
  if (!bounds) return interval;
  interval.lo = bounds->lo;
  interval.hi = bounds->hi;
  return interval;
}

Interval JackknifeMean(std::span<const RatioSum> units, uint64_t least_units) {
  const auto ratios = RatiosAsSums(units);
  return JackknifeRatio(Sum(ratios), ratios, least_units);
}

ResampleTable BootstrapIndices(uint64_t units, uint32_t replicates,
                               uint64_t seed) {
  ResampleTable table;
  table.units = units;
  table.indices.resize(units * replicates);
  for (size_t i = 0; i < table.indices.size(); ++i) {
    table.indices[i] =
        static_cast<uint32_t>(Below(seed, kStreamBootstrap, i, units));
  }
  return table;
}

std::optional<BootstrapInterval> BootstrapRatio(std::span<const RatioSum> units,
                                                const ResampleTable& table) {
  const double effective = EffectiveUnits(units);
  if (UnitsWithCount(units) < kTreesForBootstrap ||
      effective < kLeastEffectiveUnits) {
    return std::nullopt;
  }
  std::vector<double> values;
  for (size_t r = 0; r < table.replicates(); ++r) {
    RatioSum sum;
    for (const uint32_t i : table.replicate(r)) sum.Add(units[i]);
    if (const auto ratio = Ratio(sum)) values.push_back(*ratio);
  }
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const double tail = ExpandedTail(effective);
  return BootstrapInterval{Quantile(values, tail), Quantile(values, 1 - tail),
                           values.size(), table.replicates() - values.size()};
}

std::optional<BootstrapInterval> BootstrapMean(std::span<const RatioSum> units,
                                               const ResampleTable& table) {
  return BootstrapRatio(RatiosAsSums(units), table);
}

}  // namespace moetap
