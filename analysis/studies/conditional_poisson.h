// Random k-subsets with given inclusion probabilities: the conditional Poisson
// design, P(S) proportional to the product of odds over S.
#ifndef MOETAP_ANALYSIS_STUDIES_CONDITIONAL_POISSON_H_
#define MOETAP_ANALYSIS_STUDIES_CONDITIONAL_POISSON_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace moetap {

// Bernoulli probabilities p whose design, given that k items are drawn,
// includes item j with probability inclusion[j], within 1e-3 (and as much
// closer as the arithmetic allows).  Every inclusion lies strictly between 0
// and 1, and they sum to k.  Nothing if the iteration does not converge.
std::optional<std::vector<double>> FitConditionalPoisson(
    std::span<const double> inclusion, uint32_t k);

// The design that draws k-sets with observed popularity.  Items that no set has
// are in neither list; those that all sets have need no draw.
struct PopularityDesign {
  std::vector<uint32_t> always;
  std::vector<uint32_t> items;  // `k` of them are drawn
  std::vector<double> p;        // as of FitConditionalPoisson, of `items`
  uint32_t k = 0;
};

// Item j is included with probability counts[j] / sets; the counts sum to
// k * sets, and none is above `sets` >= 1.  Nothing if the fit does not
// converge.
std::optional<PopularityDesign> FitPopularity(std::span<const uint64_t> counts,
                                              uint64_t sets, uint32_t k);

// Inclusion probabilities of the design with Bernoulli probabilities `p`.
std::vector<double> InclusionProbabilities(std::span<const double> p,
                                           uint32_t k);

// Distribution of |A and B| for independent draws A, B of that design: k + 1
// values.
std::vector<double> IntersectionDistribution(std::span<const double> p,
                                             uint32_t k);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CONDITIONAL_POISSON_H_
