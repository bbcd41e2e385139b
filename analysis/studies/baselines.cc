#include "analysis/studies/baselines.h"

#include <cmath>

#include "analysis/studies/conditional_poisson.h"

namespace moetap {
namespace {

double LogChoose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

}  // namespace

double UniformExpectation(uint32_t n, uint32_t k) {
  // P(i) by the recurrence of the hypergeometric distribution, from the least
  // possible intersection, normalised at the end.
  const uint32_t least = 2 * k > n ? 2 * k - n : 0;
  double p = std::exp(LogChoose(k, least) + LogChoose(n - k, k - least) -
                      LogChoose(n, k));
  double sum = 0;
  double mean = 0;
  for (uint32_t i = least; i <= k; ++i) {
    sum += p;
    mean += p * Jaccard(k, i);
    p *= static_cast<double>(k - i) * (k - i) /
         ((i + 1.0) * (static_cast<double>(n) - 2.0 * k + i + 1.0));
  }
  return mean / sum;
}

double RatioOfExpectations(uint32_t n, uint32_t k) { return k / (2.0 * n - k); }

std::optional<double> PopularityExpectation(std::span<const uint64_t> counts,
                                            uint64_t rows, uint32_t k) {
  if (rows == 0) return std::nullopt;
  const auto design = FitPopularity(counts, rows, k);
  if (!design) return std::nullopt;
  if (design->k == 0) return 1.0;
  const auto common = IntersectionDistribution(design->p, design->k);
  const auto always = static_cast<uint32_t>(design->always.size());
  double mean = 0;
  for (uint32_t i = 0; i <= design->k; ++i) {
    mean += common[i] * Jaccard(k, always + i);
  }
  return mean;
}

}  // namespace moetap
