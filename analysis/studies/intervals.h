// Estimates over units (trees, sequences) that are independent of each other,
// and their 95 % intervals.  docs/studies.md has the definitions.  All
// functions are pure; nothing here depends on the number of threads.
#ifndef MOETAP_ANALYSIS_STUDIES_INTERVALS_H_
#define MOETAP_ANALYSIS_STUDIES_INTERVALS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace moetap {

// The numerator and denominator of a mean, or what one unit adds to them: the
// sum of Jaccard indices and the number of pairs.
struct RatioSum {
  double sum = 0;
  uint64_t count = 0;
  void Add(const RatioSum& other) {
    sum += other.sum;
    count += other.count;
  }
  RatioSum Without(const RatioSum& unit) const {
    return {sum - unit.sum, count - unit.count};
  }
};

std::optional<double> Ratio(const RatioSum& sum);

// Mean of the ratios of the units that have one.
std::optional<double> MeanOfRatios(std::span<const RatioSum> units);

// Kish's effective number of units, (sum n)^2 / sum n^2 of their counts n
// (Survey Sampling, 1965, 11.7): how many units of equal counts weigh a mean as
// evenly.  Between 1 and the number of units with a count; 0 if none has one.
double EffectiveUnits(std::span<const RatioSum> units);

// With less than one degree of freedom t is absurd: there is no interval.
inline constexpr double kLeastEffectiveUnits = 2;

// Delete-one jackknife of any statistic: theta = `full`, and in `without` the
// G values theta_(-g) that leave out one unit each, of mean m.
// error^2 = (G-1)/G * sum (theta_(-g) - m)^2 (Efron, Tibshirani 1993, 11.5);
// all bounds are theta -+ t * error, with t of `effective` - 1 degrees of
// freedom; `effective` <= G.
struct JackknifeResult {
  double estimate = 0;
  double error = 0;
  double lo = 0;  // two-sided 95 %
  double hi = 0;
  double lower = 0;  // one-sided 95 % each
  double upper = 0;
};
// Nothing if `effective` is below kLeastEffectiveUnits.
std::optional<JackknifeResult> JackknifeStatistic(
    double full, std::span<const double> without, double effective);

struct Interval {
  std::optional<double> lo;  // both or none
  std::optional<double> hi;
  uint64_t units = 0;    // units with a count
  double effective = 0;  // EffectiveUnits
};

// Delete-one jackknife of Ratio(total), two-sided.  `units` are the sums that
// vanish with each unit; those without a count do not matter.  No bounds with
// fewer than `least_units` units that matter or kLeastEffectiveUnits effective
// ones, or if nothing is left without one of them.
Interval JackknifeRatio(const RatioSum& total, std::span<const RatioSum> units,
                        uint64_t least_units);

// Likewise of MeanOfRatios(units).
Interval JackknifeMean(std::span<const RatioSum> units, uint64_t least_units);

// From here on, intervals are bootstrapped as well.
inline constexpr uint64_t kTreesForBootstrap = 20;
inline constexpr uint32_t kBootstrapReplicates = 1000;

// The `share` quantile, 0 to 1, of r >= 1 ascending values v, at place
// h = (r-1) * share: v[floor h] + (h - floor h) * (v[floor h + 1] - v[floor
// h]), numpy's default.
double Quantile(std::span<const double> sorted, double share);

// P(Z > x) of a standard normal Z.
double NormalTail(double x);

// Which unit takes each place of each replicate.  All statistics use one
// table, so that they rest on the same resamples.
struct ResampleTable {
  uint64_t units = 0;             // below 2^32
  std::vector<uint32_t> indices;  // [replicate][place], `units` places each

  bool empty() const { return indices.empty(); }
  size_t replicates() const { return empty() ? 0 : indices.size() / units; }
  std::span<const uint32_t> replicate(size_t r) const {
    return std::span(indices).subspan(r * units, units);
  }
};

// Place i of replicate r: Below(seed, kStreamBootstrap, r * units + i, units)
// of counter_rng.h.
ResampleTable BootstrapIndices(uint64_t units, uint32_t replicates,
                               uint64_t seed);

// The p and 1 - p quantiles of the replicates' values.  A percentile interval,
// p = 0.025, is too short; it is expanded as the t interval of a mean of n
// units is: p = Phi(-sqrt(n/(n-1)) * t), n = EffectiveUnits, t the 97.5 %
// quantile with n - 1 degrees of freedom (Hesterberg, The American Statistician
// 69(4), 2015).
struct BootstrapInterval {
  double lo = 0;
  double hi = 0;
  uint64_t replicates = 0;  // that have a value
  uint64_t skipped = 0;     // in which no unit has a count
};

// Such intervals of Ratio over all units' sums and of MeanOfRatios.  A
// unit that is drawn twice counts twice; units are never paired with each
// other.  `table.units` is the number of units, with and without a count.
// Nothing with fewer than kTreesForBootstrap units that have a count, or fewer
// than kLeastEffectiveUnits effective ones.
std::optional<BootstrapInterval> BootstrapRatio(std::span<const RatioSum> units,
                                                const ResampleTable& table);
std::optional<BootstrapInterval> BootstrapMean(std::span<const RatioSum> units,
                                               const ResampleTable& table);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_INTERVALS_H_
