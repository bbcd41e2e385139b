#include "analysis/studies/signatures/signature_matrix.h"

#include <algorithm>
#include <atomic>

#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// Counts of one request, in `counts`; adds its shares times `weight`.
class RequestCounter {
 public:
  RequestCounter(std::span<const FeatureBlock> blocks, size_t features)
      : blocks_(blocks), counts_(features) {}

  void Add(const Trace& trace, const Sequence& sequence, PositionRange range,
           double weight, std::span<double> out) {
    std::fill(counts_.begin(), counts_.end(), 0);
    for (uint32_t p = range.begin; p < range.end; ++p) {
      const uint32_t row = sequence.positions[p].row;
      if (row != kNone) CountRow(trace, row);
    }
    for (const FeatureBlock& block : blocks_) AddShares(block, weight, out);
  }

 private:
  void CountRow(const Trace& trace, uint32_t row) {
    for (size_t l = 0; l < blocks_.size(); ++l) {
      uint64_t* counts = counts_.data() + blocks_[l].offset;
      for (const uint16_t id : trace.set(row, l)) {
        if (id < blocks_[l].experts) ++counts[id];
      }
    }
  }

  void AddShares(const FeatureBlock& block, double weight,
                 std::span<double> out) const {
    uint64_t total = 0;
    for (size_t e = 0; e < block.experts; ++e) {
      total += counts_[block.offset + e];
    }
    if (total == 0) return;
    const double factor = weight / static_cast<double>(total);
    for (size_t e = 0; e < block.experts; ++e) {
      const size_t at = block.offset + e;
      out[at] += static_cast<double>(counts_[at]) * factor;
    }
  }

  const std::span<const FeatureBlock> blocks_;
  std::vector<uint64_t> counts_;
};

size_t FeaturesOf(std::span<const FeatureBlock> blocks) {
  return blocks.empty() ? 0 : blocks.back().offset + blocks.back().experts;
}

}  // namespace

std::vector<FeatureBlock> FeatureBlocks(const std::vector<MoeLayer>& layers) {
  std::vector<FeatureBlock> blocks;
  size_t offset = 0;
  for (const MoeLayer& layer : layers) {
    blocks.push_back({layer.number, layer.experts, layer.k, offset});
    offset += layer.experts;
  }
  return blocks;
}

SignatureMatrix OneLayer(const SignatureMatrix& matrix, size_t block) {
  SignatureMatrix result;
  result.blocks = {matrix.blocks[block]};
  const size_t offset = result.blocks[0].offset;
  result.blocks[0].offset = 0;
  result.features = result.blocks[0].experts;
  for (size_t u = 0; u < matrix.units(); ++u) {
    const auto from = matrix.row(u).subspan(offset, result.features);
    result.values.insert(result.values.end(), from.begin(), from.end());
  }
  return result;
}

SignatureMatrix TakeUnits(const SignatureMatrix& matrix,
                          std::span<const size_t> units) {
  SignatureMatrix result{matrix.blocks, matrix.features, {}};
  for (const size_t unit : units) {
    const auto from = matrix.row(unit);
    result.values.insert(result.values.end(), from.begin(), from.end());
  }
  return result;
}

void ComputeSignature(std::span<const Trace> traces, const SignatureUnit& unit,
                      const CountedPositions& counted,
                      std::span<const FeatureBlock> blocks,
                      std::span<double> out) {
  std::fill(out.begin(), out.end(), 0);
  RequestCounter counter(blocks, FeaturesOf(blocks));
  const double weight = 1.0 / static_cast<double>(unit.requests());
  for (const UnitMember& member : unit.members) {
    for (const SequenceRef& at : member.requests) {
      const Sequence& sequence = traces[at.trace].sequences[at.sequence];
      counter.Add(traces[at.trace], sequence, counted(sequence), weight, out);
    }
  }
}

SignatureMatrix ComputeSignatures(std::span<const Trace> traces,
                                  std::span<const SignatureUnit> units,
                                  const CountedPositions& counted,
                                  unsigned threads) {
  SignatureMatrix result;
  if (traces.empty()) return result;
  result.blocks = FeatureBlocks(traces.front().layers);
  result.features = FeaturesOf(result.blocks);
  result.values.resize(units.size() * result.features);
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    for (size_t u = next++; u < units.size(); u = next++) {
      ComputeSignature(traces, units[u], counted, result.blocks,
                       std::span(result.values)
                           .subspan(u * result.features, result.features));
    }
  });
  return result;
}

}  // namespace moetap
