// Random numbers that are functions of their place: the order of work cannot
// change them, and any of them can be computed alone.
#ifndef MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_
#define MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_

#include <cstdint>

namespace moetap {

// The finaliser of SplitMix64.
inline uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// 64 random bits.  Each use of random numbers has a stream of its own.
inline uint64_t Draw(uint64_t seed, uint64_t stream, uint64_t counter) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15u;
  return Mix(Mix(Mix(seed + kStep) + stream + kStep) + counter + kStep);
}

// 0 to n - 1, n >= 1: the high half of Draw * n.  The bias is below n / 2^64.
inline uint64_t Below(uint64_t seed, uint64_t stream, uint64_t counter,
                      uint64_t n) {
  return static_cast<uint64_t>(
      static_cast<unsigned __int128>(Draw(seed, stream, counter)) * n >> 64);
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_
