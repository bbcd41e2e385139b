#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "analysis/studies/set_pairs_kernel.h"

// From here on, and for nothing of the standard library, which other files
// share.
#pragma GCC push_options
#pragma GCC target("avx2,bmi,popcnt")

#include "analysis/studies/set_pairs_loops.h"

namespace moetap {
namespace {

struct Avx2 {
  using Vector = __m256i;
  static constexpr size_t kWords = 4;

  static Vector Load(const uint64_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static void Store(Vector v, uint64_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
  }

  static Vector Add(Vector* s, Vector a, Vector b) {
    const Vector odd = a ^ b;
    const Vector carry = (a & b) | (odd & *s);
    *s ^= odd;
    return carry;
  }

  template <uint32_t kPlanes>
  static void Expand(const uint64_t* planes, size_t step, uint8_t* to) {
    // Byte i takes byte i / 8 of 32 bits, and of that bit i % 8.
    const __m256i byte = _mm256_setr_epi64x(
        0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x(0x8040201008040201);
    for (uint32_t half = 0; half < 2; ++half) {
      __m256i sums{};
      for (uint32_t p = kPlanes; p-- > 0;) {
        const auto bits = static_cast<int>(planes[p * step] >> 32 * half);
        const __m256i set = _mm256_cmpeq_epi8(
            _mm256_shuffle_epi8(_mm256_set1_epi32(bits), byte) & bit, bit);
        sums = _mm256_sub_epi8(_mm256_add_epi8(sums, sums), set);
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32 * half), sums);
    }
  }

  static void Split(const uint8_t* from, uint64_t all, uint32_t k,
                    uint64_t* which) {
    const __m256i low =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __m256i high =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
    uint64_t planes[8];
    for (uint32_t p = 0; k >> p != 0; ++p) {
      const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(7 - p));
      planes[p] = HighBits(_mm256_sll_epi16(low, shift)) |
                  HighBits(_mm256_sll_epi16(high, shift)) << 32;
    }
    SplitByPlanes(planes, all, k, which);
  }

  static void Count(const uint64_t* which, const Chosen& chosen,
                    uint64_t* sums) {
    CountByWords(which, chosen, sums);
  }

 private:
  static uint64_t HighBits(__m256i bytes) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(bytes));
  }
};

}  // namespace

const PairKernel kAvx2Kernel{IntersectBy<Avx2>, AddHistogramBy<Avx2>};

}  // namespace moetap

#pragma GCC pop_options
