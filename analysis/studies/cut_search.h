// A search as cuts.h sees it, and the questions of its rules, from an ensemble
// of requests.
#ifndef MOETAP_ANALYSIS_STUDIES_CUT_SEARCH_H_
#define MOETAP_ANALYSIS_STUDIES_CUT_SEARCH_H_

#include <cstdint>
#include <vector>

#include "analysis/studies/cuts.h"
#include "analysis/studies/ensembles.h"
#include "analysis/trace.h"

namespace moetap {

// Rules ask whenever two branches have this many more rows behind their fork.
inline constexpr uint32_t kCutWindow = 8;
// A branch is compared with so many earlier ones of its fork, the first.
inline constexpr uint32_t kEarlierBranches = 32;

struct CutSearch {
  CutTree tree;
  std::vector<uint32_t> sequences;  // per branch: its first request's
  std::vector<std::vector<uint32_t>> earlier;  // per branch: those that it is
                                               // compared with, in order
  // Per branch and position from its begin: a row of the trace with a usable
  // set in each layer, or kNone.
  std::vector<std::vector<uint32_t>> rows;
};
CutSearch BuildCutSearch(const Trace& trace, const Ensemble& ensemble);

// Calls ask(branch, earlier, position) in order of branch, position, earlier
// for each place where a rule asks: position - begin is a multiple of
// kCutWindow, and both paths have the rows before it.
template <typename Ask>
void ForEachQuestion(const Trace& trace, const CutSearch& search,
                     const Ask& ask) {
  const auto rows = [&](uint32_t b) {
    return trace.sequences[search.sequences[b]].positions.size();
  };
  for (uint32_t b = 0; b < search.tree.size(); ++b) {
    if (search.earlier[b].empty()) continue;
    for (uint32_t p = search.tree[b].begin + kCutWindow; p <= rows(b);
         p += kCutWindow) {
      for (const uint32_t earlier : search.earlier[b]) {
        if (p <= rows(earlier)) ask(b, earlier, p);
      }
    }
  }
}

// Score: how many tokens before the position are equal, counted backwards to
// the first that differs.
std::vector<CutQuestion> AskTokens(const Trace& trace, const CutSearch& search);

// Score: mean Jaccard index of the sets of the kCutWindow rows before the
// position, all layers.  Not asked where a row or a usable set is missing.
std::vector<CutQuestion> AskRows(const Trace& trace, const CutSearch& search);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CUT_SEARCH_H_
