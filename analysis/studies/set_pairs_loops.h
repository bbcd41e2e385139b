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
//   Gather(from, n, planes)  the reverse, for n planes, step 1
//   Count(which, mask, n, bins)  bins[v] += bits of which[v] & mask, v < n;
//                    which[v] may be read up to n rounded up to 8
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

// which[v] = the pairs of `all` of size v, for v <= k < 2^count, from the
// `count` planes of their sizes: halves by the highest bit, then by the next.
inline void Split(const uint64_t* planes, uint32_t count, uint64_t all,
                  uint32_t k, uint64_t* which) {
  which[0] = all;
  for (uint32_t p = count; p-- > 0;) {
    for (uint32_t v = (k >> p) + 1; v-- > 0;) {
      which[v] = which[v / 2] & (v % 2 == 0 ? ~planes[p] : planes[p]);
    }
  }
}

template <class Isa>
void AddHistogramBy(const uint8_t* sizes, const uint64_t* usable, uint32_t n,
                    uint32_t k, std::span<const MaskedBins> outputs) {
  const uint32_t count = static_cast<uint32_t>(std::bit_width(k));
  alignas(64) uint64_t which[kMaxSetSize + 2];
  for (size_t w = 0; w * 64 < n; ++w) {
    uint64_t planes[8];
    Isa::Gather(sizes + w * 64, count, planes);
    Split(planes, count, usable[w], k, which);
    which[k + 1] = ~usable[w];
    for (const MaskedBins& output : outputs) {
      if (output.mask[w] == 0) continue;
      Isa::Count(which, output.mask[w], k + 2, output.bins);
    }
  }
}

}  // namespace
}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_PAIRS_LOOPS_H_
