// What decoding strategies find, and at what effort: strategy by strategy, and
// pairs of them on the same prompts.
#ifndef MOETAP_ANALYSIS_STUDIES_STRATEGY_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_STRATEGY_RESULTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/ensembles.h"
#include "analysis/studies/envelope.h"

namespace moetap {

// `prompts`: how many there are.  Ensembles of one prompt and strategy count
// as one unit.  Figures by strategy are parts of the breakdown "strategy";
// differences of the breakdown "strategies", "A minus B".
std::vector<StudyResult> StrategyResults(std::span<const Ensemble> ensembles,
                                         size_t prompts);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_STRATEGY_RESULTS_H_
