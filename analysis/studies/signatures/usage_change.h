// Whether two captures, A and B, use the experts differently: the divergence
// of their usages by layer, and a permutation test over prompts.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_CHANGE_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_CHANGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"

namespace moetap {

// Units of A and of B that are the same prompt.
struct UsagePair {
  size_t a = 0;
  size_t b = 0;
};

struct UsageTest {
  uint32_t permutations = 0;  // 0: none, so nothing is tested
  uint64_t seed = 1;
  unsigned threads = 1;
};

// One of two shares of an expert is more than this times the other.
inline constexpr double kChangedFactor = 2;

// Base-2 Jensen-Shannon divergence, in bits, of p = mean + difference / 2 and
// q = mean - difference / 2, which are shares of experts and sum to 1 each: the
// sum over experts of mean * f(difference / (2 mean)), where f(h) =
// ((1 + h) log2(1 + h) + (1 - h) log2(1 - h)) / 2 (Lin, IEEE Trans. Inf. Theory
// 37(1), 1991, with both weights 1/2).  This form loses nothing where p and q
// are close.  In [0, 1]; what is below 1e-24 comes of rounding and is 0.
double UsageDivergence(std::span<const double> mean,
                       std::span<const double> difference);

// Of one layer, or the mean over layers.
struct UsageFigures {
  double divergence = 0;  // bits
  double changed = 0;     // experts that differ by more than kChangedFactor
  // Means over the permutations, and p of `divergence`, one-sided.  Nothing
  // without permutations.
  std::optional<double> divergence_by_chance;
  std::optional<double> changed_by_chance;
  std::optional<double> p;
  std::optional<double> p_adjusted;  // of a layer only
};

struct UsageChange {
  std::vector<double> usage_a;  // one share per feature
  std::vector<double> usage_b;
  std::vector<UsageFigures> layers;  // by block
  UsageFigures overall;
};

// The usage of a capture is the mean over its units.  `a` and `b` have the same
// blocks, at least one unit each, and in each block of a unit shares that sum
// to 1; no unit is in two pairs.
//
// Replicate r = 0, 1, ... of the permutations: with n pairs, in order, and m
// other units, those of A before those of B, pair i is swapped if
// Draw(seed, kStreamUsage, r (n + m) + i) has its highest bit set.  The list of
// other units is shuffled from its start (Fisher and Yates): for i below the
// number a that A has of them, place i is exchanged with place
// i + Below(seed, kStreamUsage, r (n + m) + n + i, m - i); the first a are
// then A's.
//
// p = (1 + #{replicates >= observed}) / (1 + permutations).  Adjusted: of each
// layer the observed and permuted values are standardised together by their
// mean and deviation, and the observed one is compared with the greatest of
// each replicate (Westfall and Young 1993, single step); 1 for a layer whose
// values are all equal.  Values that agree to 1e-9, relatively, are equal.
//
// A pure function, for any number of threads; sums run over pairs in order,
// then over other units in order.
UsageChange MeasureUsageChange(const SignatureMatrix& a,
                               const SignatureMatrix& b,
                               std::span<const UsagePair> pairs,
                               const UsageTest& test);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_CHANGE_H_
