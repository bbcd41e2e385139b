// Exact draws of k-subsets whose probabilities are products of odds.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SUBSET_SAMPLER_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SUBSET_SAMPLER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

// Draws k of n items with P(S) proportional to the product of the odds of S,
// the conditional Poisson design (Chen, Dempster, Liu, Biometrika 81(3), 1994,
// whose sampling by lists is what is done here).
//
// Let E(i, j) be the elementary symmetric polynomial of degree j of the odds of
// the items from place i on, in ascending order of odds.  With j items left and
// none taken from place i on, the next one lies at place a or behind with
// probability E(a, j) / E(i, j).  So with u uniform in [0, 1) it is the last a
// with E(a, j) > u * E(i, j), found by halving: O(k log n) for a set.
//
// Each degree is scaled by itself, to E(0, j) = 1.  In this order no value that
// a draw reads is below 1 / binomial(n, j): nothing overflows, and for n up to
// 4096 and k up to 64 nothing vanishes, whatever the odds.
//
// Immutable, so any thread may draw.  Memory: (n + 1) * (k + 1) doubles.
class SubsetSampler {
 public:
  // k = 0: draws nothing.
  SubsetSampler() = default;
  // The odds are positive and finite, k <= n < 2^32.
  SubsetSampler(std::span<const double> odds, uint32_t k);

  uint32_t k() const { return k_; }

  // Writes the k indices of one set, in ascending order of their odds.  It
  // takes u of draw d from bits[d]: floor(bits / 2^11) / 2^53.
  void Draw(std::span<const uint64_t> bits, std::span<uint32_t> chosen) const;

 private:
  void FillColumn(std::span<const double> odds, uint32_t degree);

  uint32_t k_ = 0;
  size_t n_ = 0;
  std::vector<uint32_t> items_;  // in ascending order of odds
  std::vector<double> table_;    // [degree][place], n + 1 places each
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SUBSET_SAMPLER_H_
