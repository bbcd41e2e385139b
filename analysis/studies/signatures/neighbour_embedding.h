// A map of the units in which similar ones are close.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_NEIGHBOUR_EMBEDDING_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_NEIGHBOUR_EMBEDDING_H_

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/studies/signatures/principal_components.h"
#include "analysis/studies/signatures/similarity.h"

namespace moetap {

inline constexpr size_t kLeastUnitsToEmbed = 5;

struct NeighbourEmbedding {
  double perplexity = 0;
  double divergence = 0;  // Kullback-Leibler, of Q from P, in nats
  std::vector<std::array<double, 2>> coordinates;  // of each unit; no unit
};

// Exact t-SNE (van der Maaten, Hinton, JMLR 9, 2008) of the distances d =
// max(0, 1 - similarity): p_j|i is proportional to exp(-beta_i d_ij^2), with
// beta_i such that its perplexity is min(30, (units - 1) / 3);
// 250 iterations with P exaggerated 12 times and momentum 0.5, then 750 with
// momentum 0.8; gains as in the authors' code.  Starts from `start`, of the
// same units, scaled so that the first component has deviation 1e-4 (Kobak,
// Berens, Nature Communications 10, 2019), so nothing is random.  Of four
// descents with the learning rates r, r/2, r/4 and r/8, r = max(units / 48, 50)
// (Belkina et al., ibid.), the one of least divergence is kept: with few units
// a single one may end in a bad minimum.  Units with equal coordinates in
// `start` and equal distances stay together.  Distances on the map mean nothing
// but who is near.  Nothing with fewer than kLeastUnitsToEmbed units.  Pure,
// and no result depends on the number of threads; time O(4000 * units^2).
std::optional<NeighbourEmbedding> EmbedNeighbours(
    const SimilarityMatrix& similarity, const PrincipalComponents& start,
    unsigned threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_NEIGHBOUR_EMBEDDING_H_
