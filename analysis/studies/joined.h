// Whether routing right behind a fork tells if the two codes will be
// equivalent: joined@1 of docs/studies.md.
#ifndef MOETAP_ANALYSIS_STUDIES_JOINED_H_
#define MOETAP_ANALYSIS_STUDIES_JOINED_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/ensembles.h"
#include "analysis/studies/intervals.h"
#include "analysis/trace.h"

namespace moetap {

// Rows behind the fork that are looked at.
inline constexpr std::array<uint32_t, 3> kJoinedRows = {4, 8, 16};

// Pairs of codes with the same score.
struct ScoredPairs {
  double score = 0;
  uint64_t equivalent = 0;
  uint64_t different = 0;
};

// Over all pairs of one equivalent and one different pair of codes: in how
// many the equivalent one has the higher score, ties half (the statistic U of
// Mann and Whitney 1947), and how many there are.  Their ratio is the area
// under the ROC curve.  Reorders `pairs`.
RatioSum CountConcordant(std::vector<ScoredPairs>* pairs);

// Of one ensemble and one number of rows.
struct JoinedCounts {
  uint64_t equivalent = 0;  // pairs of codes
  uint64_t different = 0;
  uint64_t short_pairs = 0;     // left out: a code ends before
  uint64_t unusable_pairs = 0;  // left out: a row lacks a usable set
  RatioSum routing;             // concordant by mean Jaccard index
  RatioSum tokens;              // concordant by share of equal tokens
  std::vector<RatioSum> equivalent_jaccard;  // [layer]; count: pairs
  std::vector<RatioSum> different_jaccard;

  // Keeps `routing` and `tokens` sums over pairs within each part.
  void Add(const JoinedCounts& other);
};

// All pairs of distinct sequences with a code that compiled.  Time grows with
// the pairs of paths `rows` behind each fork.
JoinedCounts CountJoined(const Trace& trace, const Ensemble& ensemble,
                         uint32_t rows);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_JOINED_H_
