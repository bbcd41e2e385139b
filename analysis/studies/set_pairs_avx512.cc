#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "analysis/studies/set_pairs_kernel.h"

// From here on, and for nothing of the standard library, which other files
// share.
#pragma GCC push_options
#pragma GCC target("avx512bw,avx512vpopcntdq,bmi,popcnt")

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

  static void Split(const uint8_t* from, uint64_t all, uint32_t k,
                    uint64_t* which) {
    const __m512i bytes = _mm512_loadu_si512(from);
    for (uint32_t v = 0; v < k; ++v) {
      which[v] = _mm512_mask_cmpeq_epi8_mask(
          all, bytes, _mm512_set1_epi8(static_cast<char>(v)));
    }
  }

  static void Count(const uint64_t* which, const Chosen& chosen,
                    uint64_t* sums) {
    static_assert(kValueStep == kWords);
    __m512i sum{};
    for (uint32_t i = 0; i < chosen.count; ++i) {
      const __m512i mask =
          _mm512_set1_epi64(static_cast<int64_t>(chosen.mask[i]));
      sum += _mm512_popcnt_epi64(Load(which + chosen.at[i]) & mask);
    }
    Store(sum, sums);
  }
};

}  // namespace

const PairKernel kAvx512Kernel{IntersectBy<Avx512>, AddHistogramBy<Avx512>};

}  // namespace moetap

#pragma GCC pop_options
