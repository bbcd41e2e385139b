// Pairs of distinct sequences of one tree, and the pairs of rows that an
// alignment makes of them.
#ifndef MOETAP_ANALYSIS_STUDIES_LEAF_PAIRS_H_
#define MOETAP_ANALYSIS_STUDIES_LEAF_PAIRS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/studies/alignment.h"
#include "analysis/studies/trie_rows.h"

namespace moetap {

// What becomes of the rows behind the fork of pairs of leaves, each row of
// either leaf counted in each pair: the rest is aligned.
struct AlignmentCounts {
  uint64_t leaf_pairs = 0;
  uint64_t prefix_pairs = 0;  // one leaf begins the other: no fork, no rows
  uint64_t tail_rows = 0;
  UnalignedRows unaligned;

  uint64_t aligned() const { return tail_rows - unaligned.all(); }
  void Merge(const AlignmentCounts& other);
};

// Over all pairs of leaves of the forest; `aligned` and its causes as far as
// positions decide them.
AlignmentCounts CountTails(const TrieRows& rows);

// A numbering of all unordered pairs of leaves of one tree: trees in order, in
// each (0,1), (0,2), (1,2), (0,3), ... by nodes in preorder.
class LeafPairs {
 public:
  explicit LeafPairs(const Forest& forest);
  uint64_t size() const { return first_.back(); }

  struct Pair {
    uint32_t tree = 0;
    uint32_t a = 0;  // nodes in which the leaves end, a < b
    uint32_t b = 0;
  };
  Pair At(uint64_t number) const;

 private:
  std::vector<std::vector<uint32_t>> ends_;  // per tree
  std::vector<uint64_t> first_;              // number of each tree's first pair
};

// `count` different numbers below `size`, ascending; all if there are no more.
// Floyd's algorithm on the numbers of counter_rng.h.
std::vector<uint64_t> SamplePairs(uint64_t size, uint64_t count, uint64_t seed);

// A pair of trie rows and the pairs of leaves in which it is aligned.
struct RowPair {
  uint32_t node_a = 0;
  uint32_t position_a = 0;
  uint32_t node_b = 0;
  uint32_t position_b = 0;
  uint32_t same_output = 0;  // pairs of leaves with equal tokens p + 1
  uint32_t leaf_pairs = 0;
};

// Row pairs of one tree by their paths, a before b in preorder.
struct TreePairs {
  uint32_t tree = 0;
  std::vector<RowPair> pairs;
};

struct LeafPairPlan {
  const TrieRows* rows = nullptr;
  const Alignment* alignment = nullptr;
  bool siblings = false;          // only up to the next fork of each branch
  std::vector<uint64_t> numbers;  // of LeafPairs; ascending
};

// Trees in order, those without pairs left out.  Each pair once.  `progress`
// gets numbers of pairs of leaves done, from any thread; it may be empty.
// Throws Error if the pairs do not fit into half of the machine's memory.
std::vector<TreePairs> AlignLeafPairs(
    const LeafPairPlan& plan, unsigned threads, AlignmentCounts* counts,
    const std::function<void(uint64_t)>& progress);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LEAF_PAIRS_H_
