#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "analysis/studies/set_pairs_kernel.h"

// From here on, and for nothing of the standard library, which other files
// share.
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vpopcntdq,bmi,bmi2,popcnt")

#include "analysis/studies/set_pairs_loops.h"

namespace moetap {
namespace {

struct Avx512 {
  using Vector = __m512i;
  static constexpr size_t kWords = 8;

  static Vector Load(const uint64_t* from) { return _mm512_loadu_si512(from); }
  static void Store(Vector v, uint64_t* to) { _mm512_storeu_si512(to, v); }

  static Vector Add(Vector* s, Vector a, Vector b) {
    const Vector carry = _mm512_ternarylogic_epi64(*s, a, b, 0xE8);
    *s = _mm512_ternarylogic_epi64(*s, a, b, 0x96);
    return carry;
  }

  template <uint32_t kPlanes>
  static void Expand(const uint64_t* planes, size_t step, uint8_t* to) {
    __m512i sums = _mm512_maskz_set1_epi8(planes[0], 1);
    for (uint32_t p = 1; p < kPlanes; ++p) {
      sums = _mm512_mask_add_epi8(sums, planes[p * step], sums,
                                  _mm512_set1_epi8(static_cast<char>(1 << p)));
    }
    _mm512_storeu_si512(to, sums);
  }

  static void Gather(const uint8_t* from, uint32_t n, uint64_t* planes) {
    const __m512i bytes = _mm512_loadu_si512(from);
    for (uint32_t p = 0; p < n; ++p) {
      planes[p] = _mm512_test_epi8_mask(
          bytes, _mm512_set1_epi8(static_cast<char>(1 << p)));
    }
  }

  static void Count(const uint64_t* which, uint64_t mask, uint32_t n,
                    uint64_t* bins) {
    const __m512i chosen = _mm512_set1_epi64(static_cast<int64_t>(mask));
    for (uint32_t v = 0; v < n; v += 8) {
      const __m512i counts =
          _mm512_popcnt_epi64(_mm512_loadu_si512(which + v) & chosen);
      const auto lanes =
          static_cast<__mmask8>(n - v < 8 ? (1 << (n - v)) - 1 : 0xFF);
      _mm512_mask_storeu_epi64(
          bins + v, lanes,
          _mm512_add_epi64(_mm512_maskz_loadu_epi64(lanes, bins + v), counts));
    }
  }
};

}  // namespace

const PairKernel kAvx512Kernel{IntersectBy<Avx512>, AddHistogramBy<Avx512>};

}  // namespace moetap

#pragma GCC pop_options
