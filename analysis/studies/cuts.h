// What cutting branches of a fork tree saves, and what it loses: cuts@1 of
// docs/studies.md.  All functions are pure.
#ifndef MOETAP_ANALYSIS_STUDIES_CUTS_H_
#define MOETAP_ANALYSIS_STUDIES_CUTS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

// A leaf, with the part of its path that no earlier branch of the tree has:
// positions [begin, end).
struct CutBranch {
  uint32_t parent = kNone;  // the branch that has position begin - 1, which is
                            // earlier in the tree; kNone: a root
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t group = kNone;  // kNone: no code that compiled
  // computed[i]: tokens computed at [begin, begin + i); end - begin + 1 values.
  std::vector<uint64_t> computed;

  // At [position, end).
  uint64_t From(uint32_t position) const;
};

// One search, branches in search order of every fork: parents first, and
// branches of one fork by their first request.
using CutTree = std::vector<CutBranch>;

// One question of a rule: is `branch`, at `position` (behind its begin), what
// `earlier`, a branch of the same fork, is?
struct CutQuestion {
  uint32_t branch = 0;
  uint32_t earlier = 0;  // the branch of the tree that has the earlier path
  uint32_t position = 0;
  double score = 0;
};

struct CutOutcome {
  uint64_t computed = 0;  // tokens, without any cut
  uint64_t saved = 0;     // of them
  uint64_t groups = 0;    // without any cut
  uint64_t lost = 0;      // of them: no code of the group is left
  uint64_t asked = 0;     // questions of branches that were still there
  uint64_t cut = 0;       // of them, answered yes

  void Add(const CutOutcome& other);
};

// What hindsight saves without loss below nodes of one group: from the first
// position of a path on behind which there are two leaves or more and all of
// them are of one group, only the first stays.
CutOutcome OracleCuts(const CutTree& tree);

// `questions` are in order of branch, then position.  A branch is cut by its
// first yes; then all paths through it behind that position are gone.  Neither
// a branch nor an earlier one that is gone by the position is asked about.
CutOutcome CutBy(const CutTree& tree, std::span<const CutQuestion> questions,
                 const std::function<bool(size_t)>& yes);

// Yes where the score is at least `threshold`.
CutOutcome CutAbove(const CutTree& tree, std::span<const CutQuestion> questions,
                    double threshold);

// Yes with probability `rate`: replicate `replicate` of kStreamCuts for number
// `first` + i of question i.
CutOutcome CutAtRandom(const CutTree& tree,
                       std::span<const CutQuestion> questions, double rate,
                       uint64_t seed, uint64_t replicate, uint64_t first);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CUTS_H_
