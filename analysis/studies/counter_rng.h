// Random numbers that are functions of their place: the order of work cannot
// change them, and any one of them can be computed again alone.
#ifndef MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_
#define MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_

#include <cstdint>

namespace moetap {

// One for each purpose; docs/studies.md names them.  Stable.
enum Stream : uint64_t {
  kStreamBootstrap = 1,
  kStreamLeafPairs = 2,
  kStreamSameElsewhere = 3,
  kStreamDifferentElsewhere = 4,
  kStreamSharing = 5,
  kStreamCuts = 6,
  kStreamLabels = 7,
  kStreamUnits = 8,
  kStreamFolds = 9,
  kStreamFoldLabels = 10,
  kStreamScores = 11,
  kStreamNullUniform = 12,
  kStreamNullPopularity = 13,
  kStreamNullPermuted = 14,
  kStreamMatching = 15,
  kStreamUnitSample = 16,
  kStreamUsage = 17,
};

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), modulo 2^64.
constexpr uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// Mix(Mix(Mix(seed + c) + stream + c) + counter + c), c = 2^64 / golden ratio.
constexpr uint64_t Draw(uint64_t seed, uint64_t stream, uint64_t counter) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15u;
  return Mix(Mix(Mix(seed + kStep) + stream + kStep) + counter + kStep);
}

// floor(a * b / 2^64).
constexpr uint64_t MultiplyHigh(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(static_cast<Wide>(a) * b >> 64);
}

// floor(Draw * n / 2^64): below n, each value equally likely but for 2^-64 n.
constexpr uint64_t Below(uint64_t seed, uint64_t stream, uint64_t counter,
                         uint64_t n) {
  return MultiplyHigh(Draw(seed, stream, counter), n);
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_COUNTER_RNG_H_
