// What the results of the locality study are computed from.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_SUMS_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_SUMS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/intervals.h"
#include "analysis/studies/locality_results.h"
#include "analysis/studies/pair_class.h"
#include "analysis/studies/pair_counts.h"

namespace moetap {

// Values that sum up to a figure, in all and in each unit of its interval.
struct Sums {
  RatioSum total;
  std::vector<RatioSum> units;
};

struct Baselines {
  std::optional<double> uniform;
  std::optional<double> ratio;
  std::optional<double> popularity;
};

// An index into the layers; absent: all layers together.
using Layer = std::optional<size_t>;

class LocalitySums {
 public:
  // `counts` must outlive this.
  explicit LocalitySums(const LocalityCounts& counts);

  const LocalityCounts& counts() const { return counts_; }
  const std::vector<MoeLayer>& layers() const { return layers_; }

  // For weights "row" and "tree", or "leaf".  Units are trees or, below
  // kTreesForInterval, distinct sequences for "row" and none for "leaf".
  Sums OfClass(const std::string& weight, uint32_t cells, Layer layer) const;
  // Of a slot of the breakdown, over all layers.
  Sums OfSlot(uint32_t slot) const;
  // Of baseline (e) or (f); units are the trees with pairs.
  Sums OfElsewhere(const Elsewhere& elsewhere, Layer layer) const;
  Sums OfNoise(Layer layer) const;

  // Pairs of the cells by size of the intersection.
  std::vector<uint64_t> Sizes(uint32_t cells, size_t layer) const;

  const Baselines& baselines(size_t layer) const { return baselines_[layer]; }
  // The values of the layers, weighted as the pairs of the cells are.
  std::optional<double> Mean(
      uint32_t cells,
      const std::function<std::optional<double>(size_t)>& value) const;

  // A new result of `document`.
  StudyResult& Append(std::string name, Layer layer,
                      StudyDocument* document) const;

  // Estimate, interval and number of pairs of a mean over pairs, or of a mean
  // over the trees' means.
  void SetPooled(const Sums& sums, StudyResult* result) const;
  void SetTreeMean(const Sums& sums, StudyResult* result) const;

 private:
  Baselines ComputeBaselines(size_t layer) const;
  void SetInterval(const Interval& interval, StudyResult* result) const;
  const Bins& BinsOf(const std::string& weight, const TreeCounts& tree) const;

  const LocalityCounts& counts_;
  const std::vector<MoeLayer>& layers_;
  const BinLayout layout_;
  const BinLayout once_;  // one slot a layer
  const BinLayout by_layout_;
  std::vector<Baselines> baselines_;
  ResampleTable resamples_;  // empty: too few trees
};

const PairClass& FindPairClass(const std::string& name);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_SUMS_H_
