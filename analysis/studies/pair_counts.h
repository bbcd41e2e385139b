// Counts intersections of expert sets over the pairs of a forest.  All
// accumulators are integers: the order of work cannot change them, and those
// of several captures add up.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/studies/trie_rows.h"
#include "analysis/trace.h"

namespace moetap {

// A pair of rows lies in one cell: input token equal or not, times output
// token equal, different or unknown for one of the two.
inline constexpr uint32_t kCells = 6;
enum Cell : uint8_t {
  kSameSame,  // input, output
  kSameDifferent,
  kSameUnknown,
  kDifferentSame,
  kDifferentDifferent,
  kDifferentUnknown,
};

// Where the counts of one layer and cell lie in a flat vector of bins: k + 1
// intersection sizes, then pairs left out because a set is not usable.
class BinLayout {
 public:
  explicit BinLayout(const std::vector<MoeLayer>& layers);
  size_t size() const { return size_; }
  size_t width(size_t layer) const { return k_[layer] + 2; }
  size_t offset(size_t layer, uint32_t cell) const {
    return base_[layer] + cell * width(layer);
  }
  uint32_t k(size_t layer) const { return k_[layer]; }
  size_t layers() const { return k_.size(); }
  bool operator==(const BinLayout&) const = default;

 private:
  std::vector<uint32_t> k_;
  std::vector<size_t> base_;
  size_t size_ = 0;
};

using Bins = std::vector<uint64_t>;

struct PairCounts {
  Bins total;
  std::vector<Bins> trees;   // of trees with pairs
  std::vector<Bins> leaves;  // pairs that vanish with one distinct sequence;
                             // filled on request, for leaves with such pairs
  std::vector<std::vector<uint64_t>> expert_rows;  // [layer][expert]: rows in
                                                   // pairs with it in the set
  uint64_t unrouted_sets = 0;   // sets with an entry that is no route
  uint64_t malformed_sets = 0;  // repeated ids, or ids out of range

  void Merge(PairCounts other);
};

// `threads` >= 1.  `progress` is called with numbers of pairs done, from any
// thread; it may be empty.
PairCounts CountPairs(const Trace& trace, const Forest& forest,
                      const TrieRows& rows, bool per_leaf, unsigned threads,
                      const std::function<void(uint64_t)>& progress);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_
