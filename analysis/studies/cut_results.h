// The curve of each cutting rule, and the rule with its threshold chosen on
// other prompts.
#ifndef MOETAP_ANALYSIS_STUDIES_CUT_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_CUT_RESULTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/cuts.h"
#include "analysis/studies/envelope.h"

namespace moetap {

// The questions of one rule, search by search.
struct CutRule {
  std::string name;                             // "rows", ...
  std::vector<double> thresholds;               // ascending: fewer cuts
  std::vector<std::vector<CutQuestion>> asked;  // [search]
};

struct CutData {
  std::vector<CutTree> trees;     // [search]
  std::vector<uint32_t> prompts;  // [search]: which prompt's
  std::vector<CutRule> rules;
};

// What a rule does at one threshold.
struct CutPoint {
  double threshold = 0;
  std::vector<CutOutcome> prompts;
  CutOutcome random;  // sum of all replicates of random cuts at equal rate
};
std::vector<CutPoint> CutCurve(const CutData& data, const CutRule& rule,
                               size_t prompts, uint64_t seed);

// For each prompt, its outcome at the threshold that saves the largest share
// of the other prompts' tokens while at most `most_lost` of their groups are
// lost; the highest of several; no cut where there is none.
std::vector<CutOutcome> LeavePromptOut(std::span<const CutPoint> curve,
                                       double most_lost);

std::vector<StudyResult> CutResults(const CutData& data, size_t prompts,
                                    double most_lost, uint64_t seed);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CUT_RESULTS_H_
