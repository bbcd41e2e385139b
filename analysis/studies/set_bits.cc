#include "analysis/studies/set_bits.h"

#include <bit>

#include "schema/block_format.h"

namespace moetap {
namespace {

// kWords == 0: as many as the layer says.
template <uint32_t kWords>
[[gnu::always_inline]] inline void CountRowWords(
    const LayerBits& layer, size_t row, size_t first, size_t last,
    const uint32_t* bin, uint32_t unusable_bin, uint32_t* bins) {
  const uint32_t words = kWords == 0 ? layer.words : kWords;
  const uint64_t* a = layer.bits.data() + row * words;
  for (size_t b = first; b < last; ++b) {
    const uint64_t* other = layer.bits.data() + b * words;
    uint32_t common = 0;
    for (uint32_t w = 0; w < words; ++w) {
      common += static_cast<uint32_t>(std::popcount(a[w] & other[w]));
    }
    ++bins[bin[b] + (layer.usable[b] ? common : unusable_bin)];
  }
}

[[gnu::always_inline]] inline void CountRowAny(const LayerBits& layer,
                                               size_t row, size_t first,
                                               size_t last, const uint32_t* bin,
                                               uint32_t unusable_bin,
                                               uint32_t* bins) {
  switch (layer.words) {
    case 1:
      return CountRowWords<1>(layer, row, first, last, bin, unusable_bin, bins);
    case 2:
      return CountRowWords<2>(layer, row, first, last, bin, unusable_bin, bins);
    case 4:
      return CountRowWords<4>(layer, row, first, last, bin, unusable_bin, bins);
    default:
      return CountRowWords<0>(layer, row, first, last, bin, unusable_bin, bins);
  }
}

#ifdef __x86_64__
[[gnu::target("popcnt")]] void CountRowPopcnt(const LayerBits& layer,
                                              size_t row, size_t first,
                                              size_t last, const uint32_t* bin,
                                              uint32_t unusable_bin,
                                              uint32_t* bins) {
  CountRowAny(layer, row, first, last, bin, unusable_bin, bins);
}
#endif

}  // namespace

SetState WriteBits(std::span<const uint16_t> ids, uint32_t experts,
                   uint64_t* words) {
  SetState state = SetState::kUsable;
  for (const uint16_t id : ids) {
    if (id == kNoRoute) return SetState::kUnrouted;
    if (id >= experts) {
      state = SetState::kMalformed;
      continue;
    }
    const uint64_t bit = uint64_t{1} << (id % 64);
    if (words[id / 64] & bit) state = SetState::kMalformed;
    words[id / 64] |= bit;
  }
  return state;
}

void CountRow(const LayerBits& layer, size_t row, size_t first, size_t last,
              const uint32_t* bin, uint32_t unusable_bin, uint32_t* bins) {
  if (!layer.usable[row]) {
    for (size_t b = first; b < last; ++b) ++bins[bin[b] + unusable_bin];
    return;
  }
#ifdef __x86_64__
  static const bool has_popcnt = __builtin_cpu_supports("popcnt");
  if (has_popcnt) {
    return CountRowPopcnt(layer, row, first, last, bin, unusable_bin, bins);
  }
#endif
  CountRowAny(layer, row, first, last, bin, unusable_bin, bins);
}

}  // namespace moetap
