#include "schema/rank_model.h"

#include <algorithm>
#include <numeric>

namespace moetap {
namespace {

constexpr uint32_t kFirstRanking = 256;

}  // namespace

bool RankModel::Reset(size_t layers, size_t symbols) {
  if (symbols == 0 || layers > kMaxLayers || symbols > kMaxEntries ||
      layers * symbols > kMaxEntries) {
    return false;
  }
  symbols_ = symbols;
  std::fill_n(total_, layers, 0u);
  std::fill_n(next_, layers, kFirstRanking);
  std::fill_n(count_, layers * symbols, 0u);
  for (size_t layer = 0; layer < layers; ++layer) {
    std::iota(rank_ + layer * symbols, rank_ + (layer + 1) * symbols, 0);
    std::iota(symbol_ + layer * symbols, symbol_ + (layer + 1) * symbols, 0);
  }
  return true;
}

// One stable pass of a radix sort, the largest byte of the counts first.
void RankModel::SortByCount(const uint16_t* from, uint16_t* to,
                            const uint32_t* count, int shift) const {
  const auto byte_of = [&](uint16_t s) {
    return 255 - (count[s] >> shift & 255);
  };
  uint32_t at[257] = {};
  for (size_t i = 0; i < symbols_; ++i) ++at[byte_of(from[i]) + 1];
  for (size_t b = 1; b < 256; ++b) at[b] += at[b - 1];
  for (size_t i = 0; i < symbols_; ++i) to[at[byte_of(from[i])]++] = from[i];
}

// Counts stay below 2^24; of equal ones the smaller symbol comes first.
void RankModel::Rank(size_t layer) {
  next_[layer] = std::max(next_[layer] * 2, total_[layer] + 1);
  const uint32_t* count = count_ + layer * symbols_;
  uint16_t* symbol = symbol_ + layer * symbols_;
  uint16_t* rank = rank_ + layer * symbols_;
  // Counts rarely have three bytes.
  const uint32_t most = *std::max_element(count, count + symbols_);
  std::iota(pass_, pass_ + symbols_, 0);
  SortByCount(pass_, symbol, count, 0);
  for (int shift = 8; most >> shift != 0; shift += 8) {
    std::copy_n(symbol, symbols_, pass_);
    SortByCount(pass_, symbol, count, shift);
  }
  for (size_t i = 0; i < symbols_; ++i) {
    rank[symbol[i]] = static_cast<uint16_t>(i);
  }
}

}  // namespace moetap
