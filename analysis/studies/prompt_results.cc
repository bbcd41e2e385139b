#include "analysis/studies/prompt_results.h"

#include <utility>

namespace moetap {
namespace {

StudyResult ResultOf(std::string name, std::optional<double> estimate,
                     const Interval& interval) {
  StudyResult result;
  result.name = std::move(name);
  result.estimate = estimate;
  result.lo = interval.lo;
  result.hi = interval.hi;
  if (interval.lo) result.method = "delete-one-prompt jackknife, t";
  result.unit = "prompt";
  result.n_units = interval.units;
  result.n_effective = interval.effective;
  return result;
}

}  // namespace

StudyResult PooledResult(std::string name, const PromptSums& prompts) {
  RatioSum total;
  for (const RatioSum& prompt : prompts) total.Add(prompt);
  return ResultOf(std::move(name), Ratio(total),
                  JackknifeRatio(total, prompts, kPromptsForInterval));
}

StudyResult MeanResult(std::string name, const PromptSums& prompts) {
  return ResultOf(std::move(name), MeanOfRatios(prompts),
                  JackknifeMean(prompts, kPromptsForInterval));
}

StudyResult Where(StudyResult result, std::string dimension,
                  std::string value) {
  result.dimension = std::move(dimension);
  result.value = std::move(value);
  return result;
}

}  // namespace moetap
