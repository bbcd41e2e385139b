#include "analysis/studies/intervals.h"

#include <algorithm>
#include <cmath>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/student_t.h"

namespace moetap {
namespace {

double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

// `without`: nothing where no count is left.
Interval BoundsOf(const std::optional<double>& full,
                  const std::vector<std::optional<double>>& without,
                  uint64_t least_units) {
  Interval interval;
  interval.units = without.size();
  if (!full || interval.units < std::max<uint64_t>(2, least_units)) {
    return interval;
  }
  std::vector<double> values;
  for (const auto& value : without) {
    if (!value) return interval;
    values.push_back(*value);
  }
  const JackknifeResult jackknife = JackknifeStatistic(*full, values);
  interval.lo = jackknife.lo;
  interval.hi = jackknife.hi;
  return interval;
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

std::optional<double> Ratio(const RatioSum& sum) {
  if (sum.count == 0) return std::nullopt;
  return sum.sum / static_cast<double>(sum.count);
}

std::optional<double> MeanOfRatios(std::span<const RatioSum> units) {
  return Ratio(Sum(RatiosAsSums(units)));
}

JackknifeResult JackknifeStatistic(double full,
                                   std::span<const double> without) {
  const auto n = static_cast<double>(without.size());
  double mean = 0;
  for (const double value : without) mean += value / n;
  double squares = 0;
  for (const double value : without) squares += (value - mean) * (value - mean);
  JackknifeResult result;
  result.estimate = full;
  result.error = std::sqrt((n - 1) / n * squares);
  const double two_sided = StudentT(0.025, n - 1) * result.error;
  const double one_sided = StudentT(0.05, n - 1) * result.error;
  result.lo = full - two_sided;
  result.hi = full + two_sided;
  result.lower = full - one_sided;
  result.upper = full + one_sided;
  return result;
}

Interval JackknifeRatio(const RatioSum& total, std::span<const RatioSum> units,
                        uint64_t least_units) {
  std::vector<std::optional<double>> without;
  for (const RatioSum& unit : units) {
    if (unit.count > 0) without.push_back(Ratio(total.Without(unit)));
  }
  return BoundsOf(Ratio(total), without, least_units);
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
  const auto counted =
      std::count_if(units.begin(), units.end(),
                    [](const RatioSum& unit) { return unit.count > 0; });
  if (static_cast<uint64_t>(counted) < kTreesForBootstrap) return std::nullopt;
  std::vector<double> values;
  for (size_t r = 0; r < table.replicates(); ++r) {
    RatioSum sum;
    for (const uint32_t i : table.replicate(r)) sum.Add(units[i]);
    if (const auto ratio = Ratio(sum)) values.push_back(*ratio);
  }
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return BootstrapInterval{Quantile(values, 0.025), Quantile(values, 0.975),
                           values.size(), table.replicates() - values.size()};
}

std::optional<BootstrapInterval> BootstrapMean(std::span<const RatioSum> units,
                                               const ResampleTable& table) {
  return BootstrapRatio(RatiosAsSums(units), table);
}

}  // namespace moetap
