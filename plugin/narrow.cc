#include "plugin/narrow.h"

#ifdef __x86_64__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "schema/block_format.h"

namespace moetap {
namespace {

// A negative id is a huge unsigned one, so one comparison does for both ends.
// Only 2-byte ids, whose negative values are legal unsigned ones, need the
// sign.
template <typename T>
uint16_t Narrow(T id) {
  if constexpr (std::is_same_v<T, int16_t>) {
    return id < 0 ? kNoRoute : static_cast<uint16_t>(id);
  } else {
    return static_cast<uint16_t>(std::min<T>(id, kNoRoute));
  }
}

template <typename T>
T Load(const char* from) {
  T value;
  memcpy(&value, from, sizeof(value));
  return value;
}

// `n` ids in a row.  Always inlined, so that it is compiled once more for each
// instruction set below.
template <typename T>
[[gnu::always_inline]] inline void NarrowRun(const char* from, size_t n,
                                             uint16_t* out) {
  for (size_t i = 0; i < n; ++i) out[i] = Narrow(Load<T>(from + i * sizeof(T)));
}

#ifdef __x86_64__
constexpr size_t kLineBytes = 64;
constexpr size_t kLineIds = kLineBytes / sizeof(uint16_t);

// From here on what is saved by not fetching the lines first, which the writer
// thread has read since, is more than the fence takes, about 100 ns.
constexpr size_t kStreamFrom = 4096;

// The ids between the first and the last whole line go past the caches.
template <typename T>
[[gnu::always_inline]] inline void StreamRun(const char* from, size_t n,
                                             uint16_t* out) {
  size_t done = -(reinterpret_cast<uintptr_t>(out) / sizeof(*out)) % kLineIds;
  NarrowRun<T>(from, done, out);
  for (; n - done >= kLineIds; done += kLineIds) {
    alignas(kLineBytes) uint16_t line[kLineIds];  // stays in registers
    NarrowRun<T>(from + done * sizeof(T), kLineIds, line);
    const auto* part = reinterpret_cast<const __m128i*>(line);
    auto* to = reinterpret_cast<__m128i*>(out + done);
    _mm_stream_si128(to, _mm_load_si128(part));
    _mm_stream_si128(to + 1, _mm_load_si128(part + 1));
    _mm_stream_si128(to + 2, _mm_load_si128(part + 2));
    _mm_stream_si128(to + 3, _mm_load_si128(part + 3));
  }
  NarrowRun<T>(from + done * sizeof(T), n - done, out + done);
  _mm_sfence();  // no later store, of whatever order, may pass these
}

template <typename T>
[[gnu::always_inline]] inline void NarrowLong(const char* from, size_t n,
                                              uint16_t* out) {
  return n < kStreamFrom ? NarrowRun<T>(from, n, out)
                         : StreamRun<T>(from, n, out);
}

template <typename T>
[[gnu::target("avx2")]] void NarrowLongAvx2(const char* from, size_t n,
                                            uint16_t* out) {
  NarrowLong<T>(from, n, out);
}

template <typename T>
[[gnu::target("avx512f,avx512bw,avx512vl,prefer-vector-width=512")]] void
NarrowLongAvx512(const char* from, size_t n, uint16_t* out) {
  NarrowLong<T>(from, n, out);
}

// What is shorter is over before wide vectors have begun.
constexpr size_t kWideFrom = 32;

template <typename T>
void NarrowPacked(const char* from, size_t n, uint16_t* out) {
  if (n < kWideFrom) return NarrowRun<T>(from, n, out);
  if (__builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return NarrowLongAvx512<T>(from, n, out);
  }
  if (__builtin_cpu_supports("avx2")) return NarrowLongAvx2<T>(from, n, out);
  NarrowLong<T>(from, n, out);
}
#else
template <typename T>
void NarrowPacked(const char* from, size_t n, uint16_t* out) {
  NarrowRun<T>(from, n, out);
}
#endif

// Never inlined: what it needs is not saved and restored for packed ids.
template <typename T>
[[gnu::noinline]] void NarrowStrided(const RoutingEvent& e, uint32_t first_row,
                                     uint32_t rows, uint16_t* out) {
  const auto* base = static_cast<const char*>(e.ids);
  constexpr int64_t kBytes = sizeof(T);
  for (uint32_t r = first_row; r < first_row + rows; ++r) {
    const char* row = base + int64_t{r} * e.row_stride * kBytes;
    for (uint32_t j = 0; j < e.k; ++j) {
      *out++ = Narrow(Load<T>(row + int64_t{j} * e.column_stride * kBytes));
    }
  }
}

template <typename T>
void NarrowAs(const RoutingEvent& e, uint32_t first_row, uint32_t rows,
              uint16_t* out) {
  if (e.column_stride != 1 || e.row_stride != int64_t{e.k}) {
    return NarrowStrided<T>(e, first_row, rows, out);
  }
  const size_t skipped = size_t{first_row} * e.k * sizeof(T);
  NarrowPacked<T>(static_cast<const char*>(e.ids) + skipped, size_t{rows} * e.k,
                  out);
}

}  // namespace

bool CanNarrow(const RoutingEvent& event) {
  return event.id_bytes == 2 || event.id_bytes == 4 || event.id_bytes == 8;
}

void NarrowIds(const RoutingEvent& event, uint32_t first_row, uint32_t rows,
               uint16_t* out) {
  switch (event.id_bytes) {
    case 2:
      return event.id_signed ? NarrowAs<int16_t>(event, first_row, rows, out)
                             : NarrowAs<uint16_t>(event, first_row, rows, out);
    case 4:
      return NarrowAs<uint32_t>(event, first_row, rows, out);
    default:
      return NarrowAs<uint64_t>(event, first_row, rows, out);
  }
}

}  // namespace moetap
