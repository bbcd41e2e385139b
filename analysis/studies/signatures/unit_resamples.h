// Permuted labels and resampled units, which all statistics of the signatures
// share, and what follows from a statistic's values under them.  All functions
// are pure.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_UNIT_RESAMPLES_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_UNIT_RESAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/intervals.h"

namespace moetap {

inline constexpr uint32_t kLabelPermutations = 999;

struct LabelPermutations {
  size_t units = 0;
  std::vector<uint32_t> labels;  // [permutation][unit]

  size_t size() const { return units == 0 ? 0 : labels.size() / units; }
  std::span<const uint32_t> permutation(size_t b) const {
    return std::span(labels).subspan(b * units, units);
  }
};

// Permutation b shuffles a copy of the labels (Fisher-Yates): for i from
// units - 1 down to 1, places i and
// Below(seed, kStreamLabels, b * units + i, i + 1) change places.
LabelPermutations PermuteLabels(std::span<const uint32_t> labels, uint64_t seed,
                                uint32_t permutations = kLabelPermutations);

// How often each unit is drawn in each replicate of a bootstrap that is
// stratified: each class keeps its number of units.
struct UnitResamples {
  size_t units = 0;
  std::vector<uint32_t> counts;  // [replicate][unit]

  size_t size() const { return units == 0 ? 0 : counts.size() / units; }
  std::span<const uint32_t> replicate(size_t r) const {
    return std::span(counts).subspan(r * units, units);
  }
};

// In replicate r, unit i gives way to unit number
// Below(seed, kStreamUnits, r * units + i, m) of the m units of its class,
// ascending.
UnitResamples ResampleUnits(std::span<const uint32_t> labels, uint64_t seed,
                            uint32_t replicates = kBootstrapReplicates);

// Whether `value` >= `observed`, or equal but for the order of additions:
// within max(1e-10, 1e-13 observed^2) * max(1, |observed|).  A large d is the
// root of a difference that is smaller by its square, hence the second term.
bool Reaches(double value, double observed);

// p = (1 + #{T_b >= T}) / (1 + B) (Phipson, Smyth, Statistical Applications in
// Genetics and Molecular Biology 9(1), 2010), >= as in Reaches.  A permutation
// without a value counts as reaching T.
double PermutationP(double observed,
                    std::span<const std::optional<double>> permuted);

// Bias-corrected percentile interval, 95 %, two-sided (Efron, Tibshirani, An
// Introduction to the Bootstrap, 1993, 14.3 with acceleration 0): the
// quantiles of the replicates' values at Phi(2 z0 -+ 1.96),
// z0 = Phi^-1(share of the B values below the estimate; equal ones, as in
// Reaches, count half), the share being within 1/(2B) and 1 - 1/(2B).
// Replicates without a value are left out and counted as `skipped`; nothing if
// none has one.
std::optional<BootstrapInterval> BiasCorrectedInterval(
    double estimate, std::span<const std::optional<double>> replicates);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_UNIT_RESAMPLES_H_
