#include "analysis/studies/signatures/signature_matrix.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// Units that one thread computes before it waits for its turn.
constexpr size_t kBatch = 8;

std::vector<uint32_t> CountedRows(const Sequence& sequence,
                                  PositionRange range) {
  std::vector<uint32_t> rows;
  rows.reserve(range.end - range.begin);
  for (uint32_t p = range.begin; p < range.end; ++p) {
    const uint32_t row = sequence.positions[p].row;
    if (row != kNone) rows.push_back(row);
  }
  return rows;
}

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

CountedPositions PositionsOf(Phase phase) {
  return
      [phase](const Sequence& sequence) { return PhaseRange(sequence, phase); };
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

void AddShares(std::span<const uint32_t> counts, double weight,
               std::span<double> out) {
  const uint64_t total =
      std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  if (total == 0) return;
  const double factor = weight / static_cast<double>(total);
  for (size_t e = 0; e < counts.size(); ++e) {
    out[e] += static_cast<double>(counts[e]) * factor;
  }
}

void ComputeSignature(std::span<const Trace> traces, const SignatureUnit& unit,
                      const CountedPositions& counted,
                      std::span<const FeatureBlock> blocks,
                      std::span<double> out) {
  std::fill(out.begin(), out.end(), 0);
  const double weight = 1.0 / static_cast<double>(unit.requests());
  std::vector<uint32_t> counts;
  for (const UnitMember& member : unit.members) {
    for (const SequenceRef& at : member.requests) {
      const Trace& trace = traces[at.trace];
      const Sequence& sequence = trace.sequences[at.sequence];
      const auto rows = CountedRows(sequence, counted(sequence));
      for (size_t l = 0; l < blocks.size(); ++l) {
        counts.assign(blocks[l].experts, 0);
        for (const uint32_t row : rows) CountSet(trace.set(row, l), counts);
        AddShares(counts, weight,
                  out.subspan(blocks[l].offset, blocks[l].experts));
      }
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

void ForEachSignature(std::span<const Trace> traces,
                      std::span<const SignatureUnit> units,
                      const CountedPositions& counted, unsigned threads,
                      const SignatureSink& sink) {
  if (traces.empty()) return;
  const auto blocks = FeatureBlocks(traces.front().layers);
  const size_t features = FeaturesOf(blocks);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::condition_variable turn;
  size_t done = 0;
  RunWorkers(threads, [&] {
    std::vector<double> values(kBatch * features);
    const auto row = [&](size_t i) {
      return std::span(values).subspan(i * features, features);
    };
    for (size_t begin = kBatch * next++; begin < units.size();
         begin = kBatch * next++) {
      const size_t size = std::min(kBatch, units.size() - begin);
      for (size_t i = 0; i < size; ++i) {
        ComputeSignature(traces, units[begin + i], counted, blocks, row(i));
      }
      std::unique_lock lock(mutex);
      turn.wait(lock, [&] { return done == begin; });
      for (size_t i = 0; i < size; ++i) sink(begin + i, row(i));
      done = begin + size;
      turn.notify_all();
    }
  });
}

}  // namespace moetap
