#include "schema/rank_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace moetap {
namespace {

constexpr uint32_t kFirstRanking = 256;

}  // namespace

bool RankModel::Reset(Side side, size_t layers, size_t symbols) {
  if (symbols == 0 || layers > kMaxLayers || symbols > kMaxSymbols ||
      layers * symbols > kMaxEntries) {
    return false;
  }
  side_ = side;
  symbols_ = symbols;
  std::iota(first_, first_ + symbols, 0);
  std::fill_n(total_, layers, 0u);
  std::fill_n(expected_, layers, 0u);
  std::fill_n(next_, layers, kFirstRanking);
  std::fill_n(count_, layers * symbols, 0u);
  for (size_t layer = 0; layer < layers; ++layer) {
    std::iota(rank_ + layer * symbols, rank_ + (layer + 1) * symbols, 0);
    std::iota(symbol_ + layer * symbols, symbol_ + (layer + 1) * symbols, 0);
  }
  return true;
}

// One stable pass of a radix sort, the largest byte of the counts first.  `top`
// is the largest byte there is.  Most counts are alike, and one that was just
// changed has to be waited for, so that each quarter has places of its own.
void RankModel::SortByCount(const uint16_t* from, uint16_t* to,
                            const uint32_t* count, int shift,
                            uint32_t top) const {
  constexpr size_t kLanes = 4;
  const size_t quarter = symbols_ / kLanes;
  const auto place_of = [&](uint16_t s) {
    return (top - (count[s] >> shift & 255)) * kLanes;
  };
  uint32_t at[256 * kLanes];
  std::fill_n(at, (top + 1) * kLanes, 0u);
  for (size_t i = 0; i < quarter; ++i) {
    for (size_t q = 0; q < kLanes; ++q) {
      ++at[place_of(from[q * quarter + i]) + q];
    }
  }
  for (size_t i = quarter * kLanes; i < symbols_; ++i) {
    ++at[place_of(from[i]) + kLanes - 1];
  }
  uint32_t sum = 0;
  for (size_t i = 0; i < (top + 1) * kLanes; ++i) {
    sum += std::exchange(at[i], sum);
  }
  for (size_t i = 0; i < quarter; ++i) {
    for (size_t q = 0; q < kLanes; ++q) {
      const uint16_t s = from[q * quarter + i];
      to[at[place_of(s) + q]++] = s;
    }
  }
  for (size_t i = quarter * kLanes; i < symbols_; ++i) {
    to[at[place_of(from[i]) + kLanes - 1]++] = from[i];
  }
}

// Counts stay below 2^24; of equal ones the smaller symbol comes first.
void RankModel::Rank(size_t layer) {
  next_[layer] = std::max(next_[layer] * 2, total_[layer] + 1);
  const uint32_t* count = count_ + layer * symbols_;
  uint16_t* symbol = symbol_ + layer * symbols_;
  uint16_t* rank = rank_ + layer * symbols_;
  // Counts rarely have three bytes.
  int32_t highest = 0;  // signed ones are compared by vector instructions
  for (size_t i = 0; i < symbols_; ++i) {
    highest = std::max(highest, static_cast<int32_t>(count[i]));
  }
  const auto most = static_cast<uint32_t>(highest);
  SortByCount(first_, symbol, count, 0, std::min(most, 255u));
  for (int shift = 8; most >> shift != 0; shift += 8) {
    std::copy_n(symbol, symbols_, pass_);
    SortByCount(pass_, symbol, count, shift, std::min(most >> shift, 255u));
  }
  if (side_ == Side::kSymbols) return;
  for (size_t i = 0; i < symbols_; ++i) {
    rank[symbol[i]] = static_cast<uint16_t>(i);
  }
}

}  // namespace moetap
