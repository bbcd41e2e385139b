// Counts intersections of expert sets over pairs of trie rows.  All
// accumulators are integers: the order of work cannot change them, and those
// of several captures add up.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/studies/breakdown.h"
#include "analysis/studies/leaf_pairs.h"
#include "analysis/studies/row_groups.h"
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

// Where the counts of one layer and slot lie in a flat vector of bins: k + 1
// intersection sizes, then pairs left out because a set is not usable.
class BinLayout {
 public:
  BinLayout(const std::vector<MoeLayer>& layers, size_t slots);
  size_t size() const { return size_; }
  size_t width(size_t layer) const { return k_[layer] + 2; }
  size_t offset(size_t layer, size_t slot) const {
    return base_[layer] + slot * width(layer);
  }
  uint32_t k(size_t layer) const { return k_[layer]; }
  size_t layers() const { return k_.size(); }
  size_t slots() const { return slots_; }

 private:
  std::vector<uint32_t> k_;
  std::vector<size_t> base_;
  size_t slots_ = 0;
  size_t size_ = 0;
};

using Bins = std::vector<uint64_t>;

// Adds bin by bin; `to` grows to the length of `from`.
void AddBins(const Bins& from, Bins* to);

// The layers of a trace without those that have the k of an earlier one: a
// breakdown has one histogram for each k.
std::vector<MoeLayer> DistinctSizes(const std::vector<MoeLayer>& layers);

struct TreeCounts {
  Bins row;   // weight=row, by layer and cell
  Bins leaf;  // weight=leaf, likewise; outputs of leaves are known
  Bins by;    // weight=row, by distinct k and slot of the breakdown
  void Add(const TreeCounts& other);
};

struct PairCounts {
  TreeCounts total;
  std::vector<TreeCounts> trees;  // of trees with pairs, in their order
  std::vector<Bins> leaves;  // as TreeCounts::row: pairs that vanish with one
                             // distinct sequence; filled on request, for leaves
                             // with such pairs
  std::vector<std::vector<uint64_t>> expert_rows;  // [layer][expert]: rows in
                                                   // pairs with it in the set
  uint64_t rows = 0;                               // in pairs
  uint64_t unknown_outputs = 0;  // of them, that go on in several ways
  uint64_t unrouted_sets = 0;    // sets with an entry that is no route
  uint64_t malformed_sets = 0;   // repeated ids, or ids out of range

  void Merge(PairCounts other);
};

// What is counted: the pairs of all groups, or those of the lists.
struct PairSource {
  const TrieRows* rows = nullptr;
  const Breakdown* breakdown = nullptr;
  size_t trace = 0;                   // its number in the breakdown
  const RowGroups* groups = nullptr;  // or null:
  const std::vector<TreePairs>* lists = nullptr;
};

// `threads` >= 1.  `progress` is called with numbers of pairs done, from any
// thread; it may be empty.
PairCounts CountPairs(const PairSource& source, bool per_leaf, unsigned threads,
                      const std::function<void(uint64_t)>& progress);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_COUNTS_H_
