// What the Jaccard index of two expert sets would be without any locality.
#ifndef MOETAP_ANALYSIS_STUDIES_BASELINES_H_
#define MOETAP_ANALYSIS_STUDIES_BASELINES_H_

#include <cstdint>
#include <optional>
#include <span>

namespace moetap {

// |A and B| / |A or B| of two k-sets with `common` elements in common.
inline double Jaccard(uint32_t k, uint32_t common) {
  return static_cast<double>(common) / (2.0 * k - common);
}

// Of two independent uniform k-sets of n: the exact expectation.
// 1 <= k <= n.
double UniformExpectation(uint32_t n, uint32_t k);

// The ratio of expectations, k / (2n - k).
double RatioOfExpectations(uint32_t n, uint32_t k);

// Of two independent k-sets drawn with the layer's popularity: conditional
// Poisson with inclusion probabilities counts[e] / rows.  The counts sum to
// k * rows.  Nothing without rows, or if the fit does not converge.
std::optional<double> PopularityExpectation(std::span<const uint64_t> counts,
                                            uint64_t rows, uint32_t k);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_BASELINES_H_
