// How much more similar units of one class are than units of several.  All
// functions are pure, and no result depends on the number of threads.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SEPARATION_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SEPARATION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/similarity.h"
#include "analysis/studies/signatures/unit_resamples.h"

namespace moetap {

// Unordered pairs of units: those within classes, or those across.
struct PairSide {
  uint64_t pairs = 0;
  double mean = 0;       // of their similarities
  double deviation = 0;  // sample deviation; over pairs, so no error
};

// Cohen's d of two sides of at least 2 pairs each: (m_w - m_a) / s,
// s^2 = ((n_w - 1) s_w^2 + (n_a - 1) s_a^2) / (n_w + n_a - 2) (Statistical
// Power Analysis, 1988, 2.2).  Nothing with fewer pairs, or if s is 0, which
// it counts as below 1e-12 of the larger mean or 1e-5 of the gap: that is
// rounding.
std::optional<double> CohensD(const PairSide& within, const PairSide& across);

struct Separation {
  PairSide within;
  PairSide across;
  double gap = 0;           // m_w - m_a
  std::optional<double> d;  // CohensD
};

// Of two effects of one set of pairs; nothing where there is none.
struct SeparationEffect {
  std::optional<double> gap;
  std::optional<double> d;
};

// `labels` has the class of each unit.  Nothing if a side has fewer than 2
// pairs.
std::optional<Separation> Separate(const SimilarityMatrix& similarity,
                                   std::span<const uint32_t> labels);

// In each replicate.  A unit drawn m times has weight m, a pair the product of
// its weights, and that many pairs it counts as; a unit is in no pair with
// itself.  Time O(replicates * units^2), like the next.
std::vector<SeparationEffect> ResampleSeparation(
    const SimilarityMatrix& similarity, std::span<const uint32_t> labels,
    const UnitResamples& resamples, unsigned threads);

// Under each permutation.
std::vector<SeparationEffect> PermuteSeparation(
    const SimilarityMatrix& similarity, const LabelPermutations& permutations,
    unsigned threads);

// One of the two effects of each.
std::vector<std::optional<double>> Gaps(
    std::span<const SeparationEffect> effects);
std::vector<std::optional<double>> Ds(
    std::span<const SeparationEffect> effects);

struct SeparationTest {
  Separation observed;
  std::optional<BootstrapInterval> gap_interval;  // BiasCorrectedInterval
  std::optional<BootstrapInterval> d_interval;
  // PermutationP of the gap.  It is that of d as well: permutations keep all
  // pairs and n_w, so that d = gap / sqrt((c - n_w n_a / (n_w + n_a) gap^2) /
  // (n_w + n_a - 2)), c constant, grows with the gap.
  double p = 1;
};

// Nothing where Separate gives nothing.
std::optional<SeparationTest> TestSeparation(
    const SimilarityMatrix& similarity, std::span<const uint32_t> labels,
    const UnitResamples& resamples, const LabelPermutations& permutations,
    unsigned threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SEPARATION_H_
