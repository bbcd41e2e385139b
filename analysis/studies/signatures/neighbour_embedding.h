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
  std::vector<std::array<double, 2>> coordinates;  // of each unit; no unit
};

// Exact t-SNE (van der Maaten, Hinton, JMLR 9, 2008) of the distances d =
// max(0, 1 - similarity): p_j|i is proportional to exp(-beta_i d_ij^2), with
// beta_i such that its perplexity is min(30, (units - 1) / 3);
// 250 iterations with P exaggerated 12 times and momentum 0.5, then 750 with
// momentum 0.8, both from rest; learning rate max(units / 48, 50) (Belkina et
// al., Nature Communications 10, 2019); gains as in the authors' code.  Starts
// from `start`, scaled so that the first component has deviation 1e-4 (Kobak,
// Berens, ibid.), so nothing is random; units with equal coordinates there and
// equal distances stay together.  Distances on the map mean nothing but who is
// near.  Nothing with fewer than kLeastUnitsToEmbed units.  Pure; time
// O(1000 * units^2).  `start` is of the same units.
std::optional<NeighbourEmbedding> EmbedNeighbours(
    const SimilarityMatrix& similarity, const PrincipalComponents& start);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_NEIGHBOUR_EMBEDDING_H_
