// Baselines (e) and (f): what the tokens of aligned pairs alone give, from rows
// that are not aligned.  docs/studies.md defines them.
#ifndef MOETAP_ANALYSIS_STUDIES_ELSEWHERE_H_
#define MOETAP_ANALYSIS_STUDIES_ELSEWHERE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "analysis/studies/pair_counts.h"
#include "analysis/studies/trie_rows.h"

namespace moetap {

// How often each input token occurs in the aligned pairs of a study.
struct TokenPairs {
  std::map<uint64_t, uint64_t> same;       // pairs in which both inputs are it
  std::map<uint64_t, uint64_t> different;  // sides of pairs with other inputs
  void Add(const RowGroups& groups);
  void Add(const TrieRows& rows, const std::vector<TreePairs>& lists);
};

inline constexpr uint32_t kElsewhereBits = 18;
inline constexpr uint64_t kElsewhereDraws = uint64_t{1} << kElsewhereBits;

// Drawn pairs of rows, by layer and size of the intersection (k + 1, then those
// with a set that is not usable).
struct Elsewhere {
  bool other_trees = true;  // rows of a pair are of different trees; else of
                            // different positions
  uint64_t unmatched = 0;   // draws for which there is no such pair
  Bins total;
  std::vector<Bins> trees;  // draws that vanish with each tree; on request
};

// What rows are drawn from: all rows with routing of all parts.  Trees are
// numbered through the parts.
class ElsewhereRows {
 public:
  // `rows`: of traces with equal layers; must outlive this.
  explicit ElsewhereRows(std::span<const TrieRows* const> rows);

  // (e): both rows have the token of an aligned pair with equal inputs.
  Elsewhere Same(const TokenPairs& pairs, uint64_t seed, bool per_tree,
                 unsigned threads) const;
  // (f): the rows have two different tokens, each as frequent as it is on the
  // sides of aligned pairs with different inputs.
  Elsewhere Different(const TokenPairs& pairs, uint64_t seed, bool per_tree,
                      unsigned threads) const;

  uint32_t trees() const { return trees_; }

 private:
  struct Place {
    uint32_t part = 0;
    uint32_t tree = 0;  // through all parts
    uint32_t node = 0;
    uint32_t position = 0;
  };
  class Drawer;

  Elsewhere DrawAll(unsigned threads, bool per_tree,
                    const std::function<void(uint64_t, Drawer*)>& draw) const;

  std::vector<const TrieRows*> parts_;
  std::vector<uint64_t> tokens_;  // distinct, ascending
  std::vector<uint64_t> first_;   // of each token's places, and the end
  std::vector<Place> places_;     // by token, part, node and position
  uint32_t trees_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ELSEWHERE_H_
