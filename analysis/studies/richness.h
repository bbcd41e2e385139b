// How many kinds there are in what samples were drawn from, and how evenly:
// figures of abundances, that is, how often each kind was drawn.  They mean
// what they say for exchangeable draws only.  docs/studies.md defines each.
// All functions are pure; abundances of 0 do not matter.
#ifndef MOETAP_ANALYSIS_STUDIES_RICHNESS_H_
#define MOETAP_ANALYSIS_STUDIES_RICHNESS_H_

#include <cstdint>
#include <optional>
#include <span>

namespace moetap {

// C(total - without, n) / C(total, n): the probability that `n` of `total`
// things, drawn without replacement, have none of `without` of them.
// n and without are at most `total`.
double ProbabilityOfNone(uint64_t total, uint64_t without, uint64_t n);

// Expected number of kinds among n of `total` draws, of which those that are
// in no kind add none: sum of 1 - C(total - x, n) / C(total, n) (Hurlbert
// 1971, "The nonconcept of species diversity", equation 16).
double RarefiedKinds(std::span<const uint64_t> abundances, uint64_t total,
                     uint64_t n);

// Share of the population that belongs to kinds seen: 1 - f1 / n, f1 being
// the kinds drawn once (Good 1953).  Nothing without draws.
std::optional<double> GoodTuringCoverage(std::span<const uint64_t> abundances);

// The same, expected of m of the n draws, m < n: 1 - sum of x / n *
// C(n - x, m) / C(n - 1, m) (Chao, Jost 2012, "Coverage-based rarefaction and
// extrapolation", equation 5).  At m = n - 1 it is GoodTuringCoverage.
double RarefiedCoverage(std::span<const uint64_t> abundances, uint64_t m);

// RarefiedKinds at the size, between whole ones linearly, that has the
// coverage `coverage` > 0.  Nothing if it is beyond GoodTuringCoverage.
std::optional<double> KindsAtCoverage(std::span<const uint64_t> abundances,
                                      double coverage);

// Lower bound of the number of kinds: seen + (n - 1) / n * f1^2 / (2 f2), or
// ... * f1 (f1 - 1) / 2 without kinds drawn twice (Chao 1984; the factor and
// the second form: Chao, Chiu 2016).  Nothing without draws.
std::optional<double> Chao1(std::span<const uint64_t> abundances);

// Effective number of kinds of the draws themselves (Hill 1973): exp of the
// entropy, and one over the sum of squared shares.  Nothing without draws.
std::optional<double> Hill1(std::span<const uint64_t> abundances);
std::optional<double> Hill2(std::span<const uint64_t> abundances);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_RICHNESS_H_
