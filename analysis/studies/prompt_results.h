// Figures over prompts, the units that are independent of each other.
#ifndef MOETAP_ANALYSIS_STUDIES_PROMPT_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_PROMPT_RESULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/intervals.h"

namespace moetap {

// From here on, intervals are for the population of prompts.
inline constexpr uint64_t kPromptsForInterval = 10;

// One sum per prompt; without a count where it has no part in the figure.
using PromptSums = std::vector<RatioSum>;

// The ratio of all prompts' sums (interval.prompts@1 of docs/studies.md).
StudyResult PooledResult(std::string name, const PromptSums& prompts);

// The mean of the prompts' ratios (likewise).
StudyResult MeanResult(std::string name, const PromptSums& prompts);

// The same result as a part of a breakdown.
StudyResult Where(StudyResult result, std::string dimension, std::string value);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PROMPT_RESULTS_H_
