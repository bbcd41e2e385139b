// The noise floor of locality: how alike the expert sets are that different
// requests computed for one token path, in different batches.  What is missing
// to 1 is the arithmetic of the engine, not the text.
#ifndef MOETAP_ANALYSIS_STUDIES_NOISE_FLOOR_H_
#define MOETAP_ANALYSIS_STUDIES_NOISE_FLOOR_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

// Pairs by size of their intersection: [layer][0 to k].
using LayerIntersections = std::vector<std::vector<uint64_t>>;

// Integers only: the order of work cannot change them.
struct NoiseFloor {
  LayerIntersections total;
  std::vector<LayerIntersections> trees;  // of trees with repeated paths
  uint64_t paths = 0;          // token paths that two or more requests computed
  uint64_t pairs = 0;          // of observations of one path
  uint64_t unusable_sets = 0;  // of those observations, left out in a layer

  // Adds those of another trace with the same layers.
  void Merge(NoiseFloor other);
};

// All unordered pairs of observed rows (Source::kObserved) of one token path.
// Equal sets are counted once, with their number: linear time in practice.
NoiseFloor CountNoise(const Trace& trace, const Forest& forest);

// Over the pairs of the layers together; nothing without pairs.
std::optional<double> MeanJaccard(
    std::span<const std::vector<uint64_t>> layers);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_NOISE_FLOOR_H_
