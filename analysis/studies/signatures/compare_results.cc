#include "analysis/studies/signatures/compare_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "analysis/studies/intervals.h"
#include "analysis/studies/signatures/compare.h"

namespace moetap {
namespace {

// What two equal shares may differ by that were added up in another order.
constexpr double kRounding = 1e-12;

using Results = std::vector<StudyResult>;

StudyResult Figure(const std::string& name, std::optional<uint32_t> layer,
                   std::optional<double> estimate, uint64_t prompts) {
  StudyResult result;
  result.name = name;
  result.layer = layer;
  result.estimate = estimate;
  result.unit = "prompt";
  result.n_units = prompts;
  return result;
}

// By the adjusted p where there is one.
std::string Verdict(const UsageFigures& figures, bool equal) {
  if (equal) return "absent";
  const auto& p = figures.p_adjusted ? figures.p_adjusted : figures.p;
  if (!p) return "";
  return *p <= kChangeLevel ? "found" : "undecided";
}

void AddChange(const UsageFigures& figures, std::optional<uint32_t> layer,
               uint64_t prompts, bool equal, Results* results) {
  StudyResult change =
      Figure("usage.change", layer, figures.divergence, prompts);
  change.baselines = {{"chance", figures.divergence_by_chance}};
  change.verdict = Verdict(figures, equal);
  change.p = figures.p;
  if (layer) change.p_adjusted = figures.p_adjusted;
  results->push_back(std::move(change));
  StudyResult changed =
      Figure("experts.changed", layer, figures.changed, prompts);
  changed.baselines = {{"chance", figures.changed_by_chance}};
  results->push_back(std::move(changed));
}

void AddAgreement(const std::vector<RatioSum>& pairs,
                  std::optional<uint32_t> layer, Results* results) {
  RatioSum total;
  for (const RatioSum& pair : pairs) total.Add(pair);
  const Interval interval = JackknifeRatio(total, pairs, kLeastComparedPrompts);
  StudyResult result = Figure("agreement", layer, Ratio(total), interval.units);
  result.lo = interval.lo;
  result.hi = interval.hi;
  if (interval.lo) result.method = "delete-one-prompt jackknife, t";
  result.n_effective = interval.effective;
  result.pairs = total.count;
  results->push_back(std::move(result));
}

// The experts whose shares differ most, the first of equal ones first.
void AddExperts(const FeatureBlock& block, const UsageChange& change,
                uint64_t prompts, Results* results) {
  const auto difference = [&](size_t expert) {
    const size_t at = block.offset + expert;
    return std::abs(change.usage_b[at] - change.usage_a[at]);
  };
  std::vector<size_t> experts;
  for (size_t e = 0; e < block.experts; ++e) {
    if (difference(e) > kRounding) experts.push_back(e);
  }
  std::stable_sort(experts.begin(), experts.end(), [&](size_t x, size_t y) {
    return difference(x) > difference(y);
  });
  experts.resize(std::min(experts.size(), kShownExperts));
  for (const size_t expert : experts) {
    const size_t at = block.offset + expert;
    StudyResult result =
        Figure("usage.share", block.layer, change.usage_b[at], prompts);
    result.dimension = "expert";
    result.value = fmt::format("{}", expert);
    result.baselines = {{"a", change.usage_a[at]}};
    results->push_back(std::move(result));
  }
}

std::vector<RatioSum> OverLayers(const SetAgreement& agreement) {
  std::vector<RatioSum> sums(agreement.layers.front().size());
  for (const auto& layer : agreement.layers) {
    for (size_t pair = 0; pair < sums.size(); ++pair) {
      sums[pair].Add(layer[pair]);
    }
  }
  return sums;
}

}  // namespace

std::vector<StudyResult> CompareResults(const std::vector<FeatureBlock>& blocks,
                                        const UsageChange& change,
                                        const SetAgreement& agreement,
                                        uint64_t prompts, bool equal) {
  Results results;
  AddChange(change.overall, {}, prompts, equal, &results);
  AddAgreement(OverLayers(agreement), {}, &results);
  for (size_t l = 0; l < blocks.size(); ++l) {
    const uint32_t layer = blocks[l].layer;
    AddChange(change.layers[l], layer, prompts, equal, &results);
    AddAgreement(agreement.layers[l], layer, &results);
    if (!equal) AddExperts(blocks[l], change, prompts, &results);
  }
  return results;
}

}  // namespace moetap
