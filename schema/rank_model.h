// How popular each expert of each layer has been so far in one block: ids and
// their ranks, 0 the most popular.  Writer and reader count the same ids in the
// same order, so the ranks need not be stored.
//
// Plain memory of fixed size, not thread-safe.
#ifndef MOETAP_SCHEMA_RANK_MODEL_H_
#define MOETAP_SCHEMA_RANK_MODEL_H_

#include <cstddef>
#include <cstdint>

namespace moetap {

class RankModel {
 public:
  // Layers times symbols at most.
  static constexpr size_t kMaxEntries = size_t{1} << 18;
  static constexpr size_t kMaxLayers = 4096;
  static constexpr size_t kMaxSymbols = 65536;

  // Which of the two is kept: writers look up ranks, readers symbols.
  enum class Side { kRanks, kSymbols };

  // Every symbol's rank is the symbol itself.  False: too many.
  bool Reset(Side side, size_t layers, size_t symbols);

  // Of all symbols of a layer, valid until the layer's next Counted().
  const uint16_t* ranks(size_t layer) const { return rank_ + layer * symbols_; }
  const uint16_t* symbols(size_t layer) const {
    return symbol_ + layer * symbols_;
  }

  void Count(size_t layer, size_t symbol) {
    ++count_[layer * symbols_ + symbol];
  }
  // Of all symbols of a layer, to count many of its symbols.
  uint32_t* counts(size_t layer) { return count_ + layer * symbols_; }
  // How many symbols of a layer there can be at most, in all; behind Reset().
  void Expect(size_t layer, size_t n) {
    expected_[layer] += static_cast<uint32_t>(n);
  }
  // No ranks of the layer change any more: there is no need to count.
  bool Settled(size_t layer) const { return expected_[layer] < next_[layer]; }

  // To be called behind each set: `n` symbols of it were counted.  Ranks change
  // when the layer's symbols reach 256, 512, 1024, ... in number.
  void Counted(size_t layer, size_t n) {
    total_[layer] += static_cast<uint32_t>(n);
    if (total_[layer] >= next_[layer]) Rank(layer);
  }

 private:
  void Rank(size_t layer);
  void SortByCount(const uint16_t* from, uint16_t* to, const uint32_t* count,
                   int shift, uint32_t top) const;

  Side side_ = Side::kSymbols;
  size_t symbols_ = 0;
  uint32_t total_[kMaxLayers];
  uint32_t next_[kMaxLayers];
  uint32_t expected_[kMaxLayers];
  uint32_t count_[kMaxEntries];
  uint16_t rank_[kMaxEntries];
  uint16_t symbol_[kMaxEntries];
  uint16_t first_[kMaxSymbols];  // all symbols in order
  uint16_t pass_[kMaxSymbols];
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RANK_MODEL_H_
