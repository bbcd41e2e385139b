// Signatures: how often each unit uses each expert of each layer.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_MATRIX_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_units.h"
#include "analysis/trace.h"

namespace moetap {

// The features of one MoE layer: one per expert.
struct FeatureBlock {
  uint32_t layer = 0;  // as the model numbers it
  uint32_t experts = 0;
  uint32_t k = 0;
  size_t offset = 0;  // of its first feature
};

// One block per layer of the trace, one behind the other.
std::vector<FeatureBlock> FeatureBlocks(const std::vector<MoeLayer>& layers);

// A matrix of units by features, row after row.  In each block of a unit the
// values are shares of routed ids: they lie in [0, 1] and sum to 1, or are all
// 0 if the unit has no route there.
struct SignatureMatrix {
  std::vector<FeatureBlock> blocks;  // none overlap; in order of layers
  size_t features = 0;
  std::vector<double> values;

  size_t units() const { return features == 0 ? 0 : values.size() / features; }
  std::span<const double> row(size_t unit) const {
    return std::span(values).subspan(unit * features, features);
  }
};

// The matrix with the features of one block alone.
SignatureMatrix OneLayer(const SignatureMatrix& matrix, size_t block);

// The matrix with these units alone, in this order.
SignatureMatrix TakeUnits(const SignatureMatrix& matrix,
                          std::span<const size_t> units);

// Which positions of a sequence count.
using CountedPositions = std::function<PositionRange(const Sequence&)>;

// PhaseRange of each.
CountedPositions PositionsOf(Phase phase);

// Counts the experts of a set; ids that are no route or out of range do not
// count.
inline void CountSet(std::span<const uint16_t> set,
                     std::span<uint32_t> counts) {
  for (const uint16_t id : set) {
    if (id < counts.size()) ++counts[id];
  }
}

// Adds weight * counts / their sum to `out`, of as many values; nothing if the
// sum is 0.
void AddShares(std::span<const uint32_t> counts, double weight,
               std::span<double> out);

// Adds up the signature of `unit` in `out` (one value per feature,
// overwritten): per request and block, count / routed ids of the counted
// positions, observed and inherited; then the mean over the unit's requests.  A
// pure function of its arguments; the traces have the same layers.
void ComputeSignature(std::span<const Trace> traces, const SignatureUnit& unit,
                      const CountedPositions& counted,
                      std::span<const FeatureBlock> blocks,
                      std::span<double> out);

SignatureMatrix ComputeSignatures(std::span<const Trace> traces,
                                  std::span<const SignatureUnit> units,
                                  const CountedPositions& counted,
                                  unsigned threads);

// Takes the signature of one unit, which lasts for the call.  May not throw.
using SignatureSink =
    std::function<void(size_t unit, std::span<const double> signature)>;

// Hands the same signatures to `sink`, one at a time and in order of units,
// from any thread.  Memory: eight signatures per thread; the matrix is never
// whole.
void ForEachSignature(std::span<const Trace> traces,
                      std::span<const SignatureUnit> units,
                      const CountedPositions& counted, unsigned threads,
                      const SignatureSink& sink);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_MATRIX_H_
