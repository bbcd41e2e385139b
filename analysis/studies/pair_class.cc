#include "analysis/studies/pair_class.h"

#include "analysis/studies/baselines.h"

namespace moetap {

const std::vector<PairClass>& PairClasses() {
  constexpr auto bit = [](Cell cell) { return uint32_t{1} << cell; };
  static const std::vector<PairClass> classes = {
      {"all", "all pairs", (1u << kCells) - 1},
      {"input.same", "same input token",
       bit(kSameSame) | bit(kSameDifferent) | bit(kSameUnknown)},
      {"input.different", "different input token",
       bit(kDifferentSame) | bit(kDifferentDifferent) | bit(kDifferentUnknown)},
      {"output.same", "same output token",
       bit(kSameSame) | bit(kDifferentSame)},
      {"output.different", "different output token",
       bit(kSameDifferent) | bit(kDifferentDifferent)},
      {"cell.same_same", "input same, output same", bit(kSameSame)},
      {"cell.same_different", "input same, output different",
       bit(kSameDifferent)},
      {"cell.different_same", "input different, output same",
       bit(kDifferentSame)},
      {"cell.different_different", "input different, output different",
       bit(kDifferentDifferent)},
  };
  return classes;
}

std::vector<uint64_t> Intersections(const BinLayout& layout, const Bins& bins,
                                    size_t layer, uint32_t cells) {
  std::vector<uint64_t> result(layout.k(layer) + 1, 0);
  for (uint32_t cell = 0; cell < layout.slots(); ++cell) {
    if ((cells >> cell & 1) == 0) continue;
    const size_t base = layout.offset(layer, cell);
    for (size_t i = 0; i < result.size(); ++i) result[i] += bins[base + i];
  }
  return result;
}

RatioSum SumSlot(const BinLayout& layout, const Bins& bins, size_t layer,
                 size_t slot) {
  RatioSum sum;
  const size_t base = layout.offset(layer, slot);
  for (uint32_t i = 0; i <= layout.k(layer); ++i) {
    const uint64_t pairs = bins[base + i];
    sum.count += pairs;
    sum.sum += static_cast<double>(pairs) * Jaccard(layout.k(layer), i);
  }
  return sum;
}

RatioSum SumLayer(const BinLayout& layout, const Bins& bins, size_t layer,
                  uint32_t slots) {
  RatioSum sum;
  for (uint32_t slot = 0; slot < layout.slots(); ++slot) {
    if (slots >> slot & 1) sum.Add(SumSlot(layout, bins, layer, slot));
  }
  return sum;
}

RatioSum SumAll(const BinLayout& layout, const Bins& bins, uint32_t slots) {
  RatioSum sum;
  for (size_t layer = 0; layer < layout.layers(); ++layer) {
    sum.Add(SumLayer(layout, bins, layer, slots));
  }
  return sum;
}

}  // namespace moetap
