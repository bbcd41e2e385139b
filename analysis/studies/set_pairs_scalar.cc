#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "analysis/studies/set_pairs_kernel.h"
#include "analysis/studies/set_pairs_loops.h"

namespace moetap {
namespace {

static_assert(std::endian::native == std::endian::little);

// Eight bytes, of which byte i is bit i of the index.
constexpr std::array<uint64_t, 256> kSpread = [] {
  std::array<uint64_t, 256> spread{};
  for (uint32_t bits = 0; bits < 256; ++bits) {
    for (uint32_t i = 0; i < 8; ++i) {
      spread[bits] |= uint64_t{bits >> i & 1} << 8 * i;
    }
  }
  return spread;
}();

struct Scalar {
  using Vector = uint64_t;
  static constexpr size_t kWords = 1;

  static Vector Load(const uint64_t* from) { return *from; }
  static void Store(Vector v, uint64_t* to) { *to = v; }

  static Vector Add(Vector* s, Vector a, Vector b) {
    const Vector odd = a ^ b;
    const Vector carry = (a & b) | (odd & *s);
    *s ^= odd;
    return carry;
  }

  template <uint32_t kPlanes>
  static void Expand(const uint64_t* planes, size_t step, uint8_t* to) {
    for (uint32_t i = 0; i < 64; i += 8) {
      uint64_t bytes = 0;
      for (uint32_t p = 0; p < kPlanes; ++p) {
        bytes |= kSpread[planes[p * step] >> i & 255] << p;
      }
      std::memcpy(to + i, &bytes, sizeof bytes);
    }
  }

  static void Split(const uint8_t* from, uint64_t all, uint32_t k,
                    uint64_t* which) {
    uint64_t planes[8]{};
    for (uint32_t i = 0; i < 64; i += 8) {
      uint64_t bytes = 0;
      std::memcpy(&bytes, from + i, sizeof bytes);
      for (uint32_t p = 0; k >> p != 0; ++p) {
        // The product brings the lowest bit of byte b to bit 56 + b.
        const uint64_t bits = bytes >> p & 0x0101010101010101;
        planes[p] |= (bits * 0x0102040810204080 >> 56) << i;
      }
    }
    SplitByPlanes(planes, all, k, which);
  }

  static void Count(const uint64_t* which, const Chosen& chosen,
                    uint64_t* sums) {
    CountByWords(which, chosen, sums);
  }
};

}  // namespace

const PairKernel kScalarKernel{IntersectBy<Scalar>, AddHistogramBy<Scalar>};

}  // namespace moetap
