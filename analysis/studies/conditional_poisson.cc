#include "analysis/studies/conditional_poisson.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace moetap {
namespace {

constexpr double kTolerance = 1e-3;
constexpr double kConverged = 1e-13;
constexpr int kMaxIterations = 2000;
constexpr int kPatience = 50;
constexpr double kLeastStep = 0.1;

// table[j * (k + 1) + n]: probability that n of the items before j are drawn,
// in the order of `p`, n <= k.
std::vector<double> CountsBefore(std::span<const double> p, uint32_t k) {
  const size_t width = k + 1;
  std::vector<double> table((p.size() + 1) * width, 0);
  table[0] = 1;
  for (size_t j = 0; j < p.size(); ++j) {
    const double* from = table.data() + j * width;
    double* to = table.data() + (j + 1) * width;
    for (size_t n = 0; n < width; ++n) {
      to[n] = from[n] * (1 - p[j]) + (n > 0 ? from[n - 1] * p[j] : 0);
    }
  }
  return table;
}

// Infinite if a difference is NaN.
double LargestDifference(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (size_t j = 0; j < a.size(); ++j) {
    const double difference = std::fabs(a[j] - b[j]);
    if (std::isnan(difference)) return HUGE_VAL;
    largest = std::max(largest, difference);
  }
  return largest;
}

// Multiplies odds by (target / now * (1 - now) / (1 - target)) ^ step.
void StepTowards(std::span<const double> target, std::span<const double> now,
                 double step, std::vector<double>* p) {
  for (size_t j = 0; j < p->size(); ++j) {
    const double factor = target[j] / now[j] * ((1 - now[j]) / (1 - target[j]));
    const double odds = (*p)[j] / (1 - (*p)[j]) * std::pow(factor, step);
    (*p)[j] = odds / (1 + odds);
  }
}

}  // namespace

std::vector<double> InclusionProbabilities(std::span<const double> p,
                                           uint32_t k) {
  const size_t width = k + 1;
  const std::vector<double> reversed(p.rbegin(), p.rend());
  const auto before = CountsBefore(p, k);
  const auto after = CountsBefore(reversed, k);
  const double all = before[p.size() * width + k];
  std::vector<double> result(p.size());
  for (size_t j = 0; j < p.size(); ++j) {
    const double* left = before.data() + j * width;
    const double* right = after.data() + (p.size() - 1 - j) * width;
    double others = 0;  // k - 1 of the items but j
    for (uint32_t n = 0; n < k; ++n) others += left[n] * right[k - 1 - n];
    result[j] = p[j] * others / all;
  }
  return result;
}

std::optional<std::vector<double>> FitConditionalPoisson(
    std::span<const double> inclusion, uint32_t k) {
  std::vector<double> p(inclusion.begin(), inclusion.end());
  std::vector<double> fitted;
  double best = 1;
  // Whole steps overshoot where few items take most of the draws; shorter ones
  // raise the likelihood.
  double step = 1;
  int steps_since = 0;
  for (int i = 0; i < kMaxIterations && best > kConverged; ++i) {
    const auto now = InclusionProbabilities(p, k);
    const double error = LargestDifference(now, inclusion);
    if (error < best) {
      best = error;
      fitted = p;
      steps_since = 0;
    } else if (++steps_since == kPatience) {
      break;  // rounding is all that is left
    } else {
      step = std::max(kLeastStep, step * 0.8);
    }
    StepTowards(inclusion, now, step, &p);
  }
  if (!(best <= kTolerance)) return std::nullopt;
  return fitted;
}

std::optional<PopularityDesign> FitPopularity(std::span<const uint64_t> counts,
                                              uint64_t sets, uint32_t k) {
  PopularityDesign design;
  std::vector<double> inclusion;
  for (uint32_t j = 0; j < counts.size(); ++j) {
    if (counts[j] == sets) {
      design.always.push_back(j);
    } else if (counts[j] > 0) {
      design.items.push_back(j);
      inclusion.push_back(static_cast<double>(counts[j]) /
                          static_cast<double>(sets));
    }
  }
  design.k = k - static_cast<uint32_t>(design.always.size());
  if (design.k == 0) return design;
  auto p = FitConditionalPoisson(inclusion, design.k);
  if (!p) return std::nullopt;
  design.p = std::move(*p);
  return design;
}

std::vector<double> IntersectionDistribution(std::span<const double> p,
                                             uint32_t k) {
  // state[(a * width + b) * width + i]: a drawn into A, b into B, i into both.
  const size_t width = k + 1;
  std::vector<double> state(width * width * width, 0);
  state[0] = 1;
  for (const double one : p) {
    const double none = (1 - one) * (1 - one);
    const double single = one * (1 - one);
    const double both = one * one;
    for (size_t a = width; a-- > 0;) {
      for (size_t b = width; b-- > 0;) {
        for (size_t i = std::min(a, b) + 1; i-- > 0;) {
          const auto at = [&](size_t x, size_t y, size_t z) -> double& {
            return state[(x * width + y) * width + z];
          };
          double next = at(a, b, i) * none;
          if (a > 0) next += at(a - 1, b, i) * single;
          if (b > 0) next += at(a, b - 1, i) * single;
          if (a > 0 && b > 0 && i > 0) next += at(a - 1, b - 1, i - 1) * both;
          at(a, b, i) = next;
        }
      }
    }
  }
  std::vector<double> result(width);
  double all = 0;
  for (size_t i = 0; i < width; ++i) {
    result[i] = state[(k * width + k) * width + i];
    all += result[i];
  }
  for (double& value : result) value /= all;
  return result;
}

}  // namespace moetap
