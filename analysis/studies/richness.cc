#include "analysis/studies/richness.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moetap {
namespace {

uint64_t Total(std::span<const uint64_t> abundances) {
  return std::accumulate(abundances.begin(), abundances.end(), uint64_t{0});
}

double KindsDrawn(std::span<const uint64_t> abundances, uint64_t times) {
  return static_cast<double>(
      std::count(abundances.begin(), abundances.end(), times));
}

}  // namespace

double ProbabilityOfNone(uint64_t total, uint64_t without, uint64_t n) {
  if (n > total - without) return 0;
  // Symmetric in the two, so the product of fewer factors.
  const uint64_t few = std::min(without, n);
  const uint64_t many = std::max(without, n);
  double probability = 1;
  for (uint64_t i = 0; i < few; ++i) {
    probability *=
        static_cast<double>(total - many - i) / static_cast<double>(total - i);
  }
  return probability;
}

double RarefiedKinds(std::span<const uint64_t> abundances, uint64_t total,
                     uint64_t n) {
  double kinds = 0;
  for (const uint64_t x : abundances) {
    kinds += 1 - ProbabilityOfNone(total, x, n);
  }
  return kinds;
}

std::optional<double> GoodTuringCoverage(std::span<const uint64_t> abundances) {
  const uint64_t n = Total(abundances);
  if (n == 0) return std::nullopt;
  return 1 - KindsDrawn(abundances, 1) / static_cast<double>(n);
}

double RarefiedCoverage(std::span<const uint64_t> abundances, uint64_t m) {
  const uint64_t n = Total(abundances);
  double unseen = 0;
  for (const uint64_t x : abundances) {
    if (x == 0) continue;
    unseen += static_cast<double>(x) / static_cast<double>(n) *
              ProbabilityOfNone(n - 1, x - 1, m);
  }
  return 1 - unseen;
}

std::optional<double> KindsAtCoverage(std::span<const uint64_t> abundances,
                                      double coverage) {
  const uint64_t n = Total(abundances);
  double before = 0;
  for (uint64_t m = 1; m < n; ++m) {
    const double here = RarefiedCoverage(abundances, m);
    if (here >= coverage) {
      const double part = (coverage - before) / (here - before);
      const double low = RarefiedKinds(abundances, n, m - 1);
      return low + part * (RarefiedKinds(abundances, n, m) - low);
    }
    before = here;
  }
  return std::nullopt;
}

std::optional<double> Chao1(std::span<const uint64_t> abundances) {
  const uint64_t n = Total(abundances);
  if (n == 0) return std::nullopt;
  const auto seen =
      static_cast<double>(abundances.size()) - KindsDrawn(abundances, 0);
  const double once = KindsDrawn(abundances, 1);
  const double twice = KindsDrawn(abundances, 2);
  const double unseen =
      twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2;
  return seen + static_cast<double>(n - 1) / static_cast<double>(n) * unseen;
}

std::optional<double> Hill1(std::span<const uint64_t> abundances) {
  const auto n = static_cast<double>(Total(abundances));
  if (n == 0) return std::nullopt;
  double entropy = 0;
  for (const uint64_t x : abundances) {
    const double share = static_cast<double>(x) / n;
    if (x > 0) entropy -= share * std::log(share);
  }
  return std::exp(entropy);
}

std::optional<double> Hill2(std::span<const uint64_t> abundances) {
  const auto n = static_cast<double>(Total(abundances));
  if (n == 0) return std::nullopt;
  double squares = 0;
  for (const uint64_t x : abundances) {
    squares += static_cast<double>(x) / n * static_cast<double>(x) / n;
  }
  return 1 / squares;
}

}  // namespace moetap
