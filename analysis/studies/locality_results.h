// From counts to the results of the locality study.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_RESULTS_H_

#include <optional>
#include <vector>

#include "analysis/studies/breakdown.h"
#include "analysis/studies/crossing.h"
#include "analysis/studies/elsewhere.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/leaf_pairs.h"
#include "analysis/studies/noise_floor.h"
#include "analysis/studies/pair_counts.h"

namespace moetap {

struct LocalityCounts {
  const std::vector<MoeLayer>* layers = nullptr;
  const Breakdown* breakdown = nullptr;
  PairCounts pairs;
  AlignmentCounts alignment;
  Elsewhere same_elsewhere;       // baseline (e)
  Elsewhere different_elsewhere;  // baseline (f)
  NoiseFloor noise;               // baseline (d)
  std::vector<uint32_t> trees;    // of pairs.trees, numbered through all parts
  bool population = false;        // intervals are for trees
  std::optional<Band> band;
  uint64_t seed = 1;
};

// Appends results and warnings.
void AddLocalityResults(const LocalityCounts& counts, StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_RESULTS_H_
