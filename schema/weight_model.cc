#include "schema/weight_model.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "schema/range_coder.h"

namespace moetap {
namespace {

// 2^20 times 2^(-level / 2).
uint64_t Weight(uint32_t level) {
  constexpr uint32_t kEven = 1 << 20;
  constexpr uint32_t kOdd = 741455;
  return (level % 2 == 0 ? kEven : kOdd) >> level / 2;
}

}  // namespace

bool WeightModel::Fits(size_t layers, size_t symbols, size_t k) {
  if (k == 0 || k > kMaxK || k > symbols || symbols > kMaxSymbols) return false;
  const size_t entries = k * (symbols + kAtOnce);
  return entries <= kMaxEntries && layers * entries <= kMaxWork &&
         layers * symbols <= kMaxLevels;
}

// m! times the m-th elementary symmetric polynomial of the normalised weights
// of the ids from s on is the probability that m draws fall there and differ:
// at most 1, here 2^62.
void WeightModel::Build(const uint8_t* levels, size_t symbols, size_t k) {
  __extension__ using Wide = unsigned __int128;
  symbols_ = symbols;
  k_ = k;
  uint64_t sum = 0;
  for (size_t s = 0; s < symbols; ++s) sum += Weight(levels[s]);
  uint64_t distinct[kMaxK + 1] = {uint64_t{1} << 62};
  for (size_t s = symbols; s-- > 0;) {
    const uint64_t share = (Weight(levels[s]) << 32) / sum;
    for (size_t m = k; m > 0; --m) {
      distinct[m] +=
          static_cast<uint64_t>(Wide{distinct[m - 1]} * (m * share) >> 32);
      inverse_[(m - 1) * (symbols + kAtOnce) + s] = distinct[m];
    }
  }
  for (size_t m = 1; m <= k; ++m) Quantise(m);
}

// Cuts the tails, which stand in place of their inverses, to kTailBits.  One
// more for each id that can begin `left` ids leaves none without an interval.
void WeightModel::Quantise(size_t left) {
  uint32_t* tail = tail_ + (left - 1) * (symbols_ + kAtOnce);
  uint64_t* inverse = inverse_ + (left - 1) * (symbols_ + kAtOnce);
  const int cut =
      std::max(0, static_cast<int>(std::bit_width(inverse[0])) - kTailBits);
  const size_t end = symbols_ + 1 - left;
  for (size_t s = 0; s < end; ++s) {
    tail[s] = static_cast<uint32_t>((inverse[s] >> cut) + (end - s));
    inverse[s] = Inverse(tail[s]);
  }
  std::fill(tail + end, tail + symbols_ + kAtOnce, 0u);
}

void WeightModel::BuildCells() {
  for (size_t left = 1; left <= k_; ++left) {
    const uint32_t* tail = tails(left);
    uint16_t* cell = cell_ + (left - 1) * kCells;
    size_t id = symbols_ - left;
    for (size_t c = 0; c < kCells; ++c) {
      const size_t octave = std::max<size_t>(c >> kCellBits, 1) - 1;
      const uint64_t last = ((c - (octave << kCellBits) + 1) << octave) - 1;
      while (id > 0 && tail[id] <= last) --id;
      cell[c] = static_cast<uint16_t>(id);
    }
  }
}

void LevelModel::Reset() { std::iota(std::begin(low_), std::end(low_), 0u); }

void LevelModel::Count(const uint8_t* levels, size_t n) {
  uint32_t more[kWeightLevels + 1] = {};
  for (size_t i = 0; i < n; ++i) ++more[levels[i] + 1];
  for (size_t l = 1; l <= kWeightLevels; ++l) {
    more[l] += more[l - 1];
    low_[l] += more[l];
  }
}

}  // namespace moetap
