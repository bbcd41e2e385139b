// The two kernels of set_pairs.h, written once for any width of vectors.
// Each path includes this file where its instructions are switched on, so
// everything here is local to the file that includes it.
//
// A path's Isa has
//   Vector, kWords   a vector of kWords words
//   Load(from)       kWords words, not aligned
//   Store(v, to)     kWords words, not aligned
//   Add(s, a, b)     s = low bit of s + a + b, bit by bit; returns the high
//   Expand<P>(planes, step, to)  64 bytes: bit b of byte i is bit i of
//                    planes[b * step], for b < P
//   Split(from, all, k, which)  which[v] = the pairs of `all`, one per bit,
//                    whose byte of the 64 in `from` is v, for v < k
//   Count(which, chosen, sums)  for v of a step of kValueStep values:
//                    sums[v] = bits of which[chosen.at[i] + v] &
//                    chosen.mask[i], summed over i
#ifndef MOETAP_ANALYSIS_STUDIES_SET_PAIRS_LOOPS_H_
#define MOETAP_ANALYSIS_STUDIES_SET_PAIRS_LOOPS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "analysis/studies/set_pairs.h"

namespace moetap {
namespace {

// Adds kSlotStep words per row to the sums in `planes`: bit p of a row's sum
// lies in planes[p].  The carries go up a tree, as in a carry-save adder.
template <class Isa, uint32_t kPlanes>
[[gnu::always_inline]] inline void AddSlots(
    const SetColumn& sets, const uint16_t* slots, size_t word,
    typename Isa::Vector (&planes)[kPlanes]) {
  using Vector = typename Isa::Vector;
  static_assert(SetColumn::kSlotStep == 8 && kPlanes >= 3);
  const auto pair = [&](uint32_t i) [[gnu::always_inline]] {
    return Isa::Add(&planes[0], Isa::Load(sets.bits(slots[i]) + word),
                    Isa::Load(sets.bits(slots[i + 1]) + word));
  };
  const auto four = [&](uint32_t i) [[gnu::always_inline]] {
    const Vector low = pair(i);
    return Isa::Add(&planes[1], low, pair(i + 2));
  };
  const Vector low = four(0);
  Vector carry = Isa::Add(&planes[2], low, four(4));
  for (uint32_t p = 3; p < kPlanes; ++p) {
    carry = Isa::Add(&planes[p], carry, Vector{});
  }
}

template <class Isa, uint32_t kPlanes>
[[gnu::always_inline]] inline void IntersectWords(const SetColumn& sets,
                                                  uint32_t row, size_t word,
                                                  size_t last, uint8_t* sizes) {
  static_assert(Isa::kWords <= SetColumn::kSlack + 1);
  const auto slots = sets.slots(row);
  for (; word < last; word += Isa::kWords) {
    typename Isa::Vector planes[kPlanes]{};
    for (size_t i = 0; i < slots.size(); i += SetColumn::kSlotStep) {
      AddSlots<Isa>(sets, slots.data() + i, word, planes);
    }
    uint64_t words[kPlanes * Isa::kWords];
    for (uint32_t p = 0; p < kPlanes; ++p) {
      Isa::Store(planes[p], words + p * Isa::kWords);
    }
    const size_t count = std::min(Isa::kWords, last - word);
    for (size_t w = 0; w < count; ++w) {
      Isa::template Expand<kPlanes>(words + w, Isa::kWords, sizes);
      sizes += 64;
    }
  }
}

template <class Isa>
void IntersectBy(const SetColumn& sets, uint32_t row, uint32_t begin,
                 uint32_t end, uint8_t* sizes) {
  const size_t word = begin / 64;
  const size_t last = (size_t{end} + 63) / 64;
  const size_t slots = sets.slots(row).size();
  // Sums of `slots` bits have to fit the planes.  Few slots, as models have,
  // need fewer planes.
  if (slots <= 8) {
    IntersectWords<Isa, 4>(sets, row, word, last, sizes);
  } else if (slots <= 24) {
    IntersectWords<Isa, 5>(sets, row, word, last, sizes);
  } else {
    IntersectWords<Isa, 8>(sets, row, word, last, sizes);
  }
}

// Values that Count takes at a time.
constexpr uint32_t kValueStep = 8;

// Split where bytes cannot be compared 64 at a time: halves the pairs by the
// highest bit of their sizes, then by the next.  planes[p] has bit p of all.
inline void SplitByPlanes(const uint64_t (&planes)[8], uint64_t all, uint32_t k,
                          uint64_t* which) {
  const uint32_t last = k - 1;
  which[0] = all;
  for (auto p = static_cast<uint32_t>(std::bit_width(k)); p-- > 0;) {
    for (uint32_t v = (last >> p) + 1; v-- > 0;) {
      which[v] = which[v / 2] & (v % 2 == 0 ? ~planes[p] : planes[p]);
    }
  }
}

// Words in the buffer for pairs by value, and at most in a chunk of pairs.
constexpr uint32_t kRoom = 2048;
constexpr uint32_t kChunkWords = kRoom / kValueStep;

// The words of one output's mask that are not zero.
struct Chosen {
  uint32_t count = 0;
  uint32_t at[kChunkWords];  // where the word's values begin
  uint64_t mask[kChunkWords];
};

// Count with one word at a time.
inline void CountByWords(const uint64_t* which, const Chosen& chosen,
                         uint64_t* sums) {
  uint64_t sum[kValueStep]{};
  for (uint32_t i = 0; i < chosen.count; ++i) {
    for (uint32_t v = 0; v < kValueStep; ++v) {
      sum[v] += static_cast<uint32_t>(
          std::popcount(which[chosen.at[i] + v] & chosen.mask[i]));
    }
  }
  std::copy_n(sum, kValueStep, sums);
}

// Adds `words` words of pairs to one output.  `which` has `width` values for
// each; of the values 0 to k the last has what the others leave.
template <class Isa>
[[gnu::always_inline]] inline void AddOutput(const uint64_t* which,
                                             uint32_t width,
                                             const uint64_t* usable,
                                             const uint64_t* mask,
                                             uint32_t words, uint32_t k,
                                             const MaskedBins& output) {
  const auto add = [&](uint32_t v, uint64_t sum) [[gnu::always_inline]] {
    output.bins[v] += sum;
    if (output.also != nullptr) output.also[v] += sum;
  };
  Chosen chosen;
  uint64_t pairs = 0;
  uint64_t rest = 0;
  for (uint32_t w = 0; w < words; ++w) {
    chosen.at[chosen.count] = w * width;
    chosen.mask[chosen.count] = mask[w];
    chosen.count += mask[w] != 0;
    pairs += static_cast<uint32_t>(std::popcount(mask[w]));
    rest += static_cast<uint32_t>(std::popcount(mask[w] & usable[w]));
  }
  if (chosen.count == 0) return;
  add(k + 1, pairs - rest);
  for (uint32_t from = 0; from < k; from += kValueStep) {
    uint64_t sums[kValueStep];
    Isa::Count(which + from, chosen, sums);
    for (uint32_t v = from; v < std::min(k, from + kValueStep); ++v) {
      add(v, sums[v - from]);
      rest -= sums[v - from];
    }
  }
  add(k, rest);
}

template <class Isa>
void AddHistogramBy(const uint8_t* sizes, const uint64_t* usable, uint32_t n,
                    uint32_t k, std::span<const MaskedBins> outputs) {
  const uint32_t width =
      std::max(1u, (k + kValueStep - 1) / kValueStep) * kValueStep;
  const uint32_t step = kRoom / width;
  const uint32_t words = (n + 63) / 64;
  alignas(64) uint64_t which[kRoom];
  for (uint32_t first = 0; first < words; first += step) {
    const uint32_t count = std::min(step, words - first);
    for (uint32_t w = 0; k > 0 && w < count; ++w) {
      Isa::Split(sizes + size_t{64} * (first + w), usable[first + w], k,
                 which + w * width);
    }
    for (const MaskedBins& output : outputs) {
      AddOutput<Isa>(which, width, usable + first, output.mask + first, count,
                     k, output);
    }
  }
}

}  // namespace
}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_PAIRS_LOOPS_H_
