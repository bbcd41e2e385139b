// Correlation of ranks.  All functions are pure.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_RANK_CORRELATION_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_RANK_CORRELATION_H_

#include <optional>
#include <span>
#include <vector>

namespace moetap {

// 1 for the smallest; equal values all have the mean of their ranks.
std::vector<double> AverageRanks(std::span<const double> values);

// Spearman's rho: the product-moment correlation of the average ranks of two
// lists of one length.  Nothing with fewer than 3 values, or if all values of a
// list are equal.
std::optional<double> Spearman(std::span<const double> a,
                               std::span<const double> b);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_RANK_CORRELATION_H_
