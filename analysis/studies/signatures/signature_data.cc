#include "analysis/studies/signatures/signature_data.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/signatures/controls.h"

namespace moetap {
namespace {

// Which of `count` units are drawn, ascending: the first `most` of a shuffle.
std::vector<size_t> DrawUnits(size_t count, size_t most, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  if (count <= most) return order;
  for (size_t i = 0; i < most; ++i) {
    std::swap(order[i],
              order[i + Below(seed, kStreamUnitSample, i, count - i)]);
  }
  order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<SignatureUnit> Pick(const std::vector<SignatureUnit>& units,
                                std::span<const size_t> picked) {
  std::vector<SignatureUnit> result;
  for (const size_t unit : picked) result.push_back(units[unit]);
  return result;
}

}  // namespace

size_t SignatureData::smallest_class() const {
  std::vector<size_t> sizes(classes(), 0);
  for (const uint32_t label : labels) ++sizes[label];
  return sizes.empty() ? 0 : *std::min_element(sizes.begin(), sizes.end());
}

bool SignatureData::has_groups() const {
  return std::any_of(
      units.units.begin(), units.units.end(), [&](const SignatureUnit& unit) {
        const SequenceRef& at = unit.members[0].requests[0];
        return !traces[at.trace].sequences[at.sequence].group.empty();
      });
}

SignatureData LoadSignatureData(std::span<const Trace> traces,
                                const SignatureOptions& options) {
  SignatureData data;
  data.traces = traces;
  data.units = FindSignatureUnits(traces, options.phase);
  const size_t all = data.units.units.size();
  const auto drawn = DrawUnits(all, options.most_units, options.seed);
  if (drawn.size() < all) {
    data.units.units = Pick(data.units.units, drawn);
    data.not_drawn = all - drawn.size();
  }
  data.labels = data.units.unit_labels();
  data.lengths = UnitLengths(traces, data.units.units, options.phase);
  data.matrix = CountAgain(data, PositionsOf(options.phase), options.threads);
  return data;
}

SignatureMatrix CountAgain(const SignatureData& data,
                           const CountedPositions& counted, unsigned threads) {
  return ComputeSignatures(data.traces, data.units.units, counted, threads);
}

SignatureData TakeUnits(const SignatureData& data,
                        std::span<const size_t> units) {
  SignatureData result;
  result.traces = data.traces;
  result.units.labels = data.units.labels;
  result.units.units = Pick(data.units.units, units);
  result.matrix = TakeUnits(data.matrix, units);
  for (const size_t unit : units) {
    result.labels.push_back(data.labels[unit]);
    result.lengths.push_back(data.lengths[unit]);
  }
  return result;
}

}  // namespace moetap
