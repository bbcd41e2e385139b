#include "analysis/studies/signatures/unit_resamples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/studies/counter_rng.h"

namespace moetap {
namespace {

// Bisection: NormalTail is monotone, and no replicate needs this.
double NormalQuantile(double share) {
  double lo = -40;
  double hi = 40;
  for (int step = 0; step < 100; ++step) {
    const double middle = (lo + hi) / 2;
    (NormalTail(-middle) < share ? lo : hi) = middle;
  }
  return (lo + hi) / 2;
}

std::vector<std::vector<uint32_t>> UnitsOfClasses(
    std::span<const uint32_t> labels) {
  std::vector<std::vector<uint32_t>> classes;
  for (uint32_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes.size()) classes.resize(labels[i] + 1);
    classes[labels[i]].push_back(i);
  }
  return classes;
}

double ShareBelow(double estimate, const std::vector<double>& values) {
  double below = 0;
  for (const double value : values) {
    const bool reaches = Reaches(value, estimate);
    const bool reached = Reaches(-value, -estimate);
    below += reaches && reached ? 0.5 : reaches ? 0 : 1;
  }
  const double count = static_cast<double>(values.size());
  return std::clamp(below / count, 0.5 / count, 1 - 0.5 / count);
}

}  // namespace

LabelPermutations PermuteLabels(std::span<const uint32_t> labels, uint64_t seed,
                                uint32_t permutations) {
  LabelPermutations table{labels.size(), {}};
  table.labels.reserve(labels.size() * permutations);
  std::vector<uint32_t> shuffled;
  for (uint64_t b = 0; b < permutations; ++b) {
    shuffled.assign(labels.begin(), labels.end());
    for (size_t i = labels.size(); i-- > 1;) {
      const uint64_t counter = b * labels.size() + i;
      std::swap(shuffled[i],
                shuffled[Below(seed, kStreamLabels, counter, i + 1)]);
    }
    table.labels.insert(table.labels.end(), shuffled.begin(), shuffled.end());
  }
  return table;
}

UnitResamples ResampleUnits(std::span<const uint32_t> labels, uint64_t seed,
                            uint32_t replicates) {
  UnitResamples table{labels.size(), {}};
  table.counts.resize(labels.size() * replicates);
  const auto classes = UnitsOfClasses(labels);
  for (size_t r = 0; r < replicates; ++r) {
    uint32_t* const counts = table.counts.data() + r * labels.size();
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto& units = classes[labels[i]];
      const uint64_t counter = r * labels.size() + i;
      ++counts[units[Below(seed, kStreamUnits, counter, units.size())]];
    }
  }
  return table;
}

bool Reaches(double value, double observed) {
  const double tolerance = std::max(1e-10, 1e-13 * observed * observed);
  return value >= observed - tolerance * std::max(1.0, std::abs(observed));
}

double PermutationP(double observed,
                    std::span<const std::optional<double>> permuted) {
  const auto reaching = std::count_if(permuted.begin(), permuted.end(),
                                      [&](const std::optional<double>& one) {
                                        return !one || Reaches(*one, observed);
                                      });
  return static_cast<double>(1 + reaching) /
         static_cast<double>(1 + permuted.size());
}

std::optional<BootstrapInterval> BiasCorrectedInterval(
    double estimate, std::span<const std::optional<double>> replicates) {
  std::vector<double> values;
  for (const auto& value : replicates) {
    if (value) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const double bias = NormalQuantile(ShareBelow(estimate, values));
  const double width = NormalQuantile(0.975);
  return BootstrapInterval{Quantile(values, NormalTail(width - 2 * bias)),
                           Quantile(values, NormalTail(-width - 2 * bias)),
                           values.size(), replicates.size() - values.size()};
}

}  // namespace moetap
