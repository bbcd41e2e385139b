#include "analysis/studies/cut_results.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "analysis/studies/prompt_results.h"

namespace moetap {
namespace {

constexpr uint64_t kRandomReplicates = 20;

using Outcomes = std::vector<CutOutcome>;

CutOutcome Sum(const Outcomes& prompts) {
  CutOutcome sum;
  for (const CutOutcome& prompt : prompts) sum.Add(prompt);
  return sum;
}

std::optional<double> Share(uint64_t part, uint64_t whole) {
  return Ratio({static_cast<double>(part), whole});
}

CutOutcome RandomCuts(const CutData& data, const CutRule& rule, double rate,
                      uint64_t seed) {
  CutOutcome sum;
  for (uint64_t r = 0; r < kRandomReplicates; ++r) {
    uint64_t first = 0;
    for (size_t s = 0; s < data.trees.size(); ++s) {
      sum.Add(CutAtRandom(data.trees[s], rule.asked[s], rate, seed, r, first));
      first += rule.asked[s].size();
    }
  }
  return sum;
}

CutOutcome Without(const CutOutcome& total, const CutOutcome& prompt) {
  CutOutcome rest;
  rest.computed = total.computed - prompt.computed;
  rest.saved = total.saved - prompt.saved;
  rest.groups = total.groups - prompt.groups;
  rest.lost = total.lost - prompt.lost;
  return rest;
}

// The saving and the loss of `name`, as results of all prompts.
std::vector<StudyResult> Results(const std::string& name,
                                 const Outcomes& prompts) {
  PromptSums saved;
  PromptSums lost;
  for (const CutOutcome& prompt : prompts) {
    saved.push_back({static_cast<double>(prompt.saved), prompt.computed});
    lost.push_back({static_cast<double>(prompt.lost), prompt.groups});
  }
  return {PooledResult(name + ".saving", saved),
          PooledResult(name + ".lost", lost)};
}

std::vector<StudyResult> PointResults(const std::string& name,
                                      const CutPoint& point) {
  std::vector<StudyResult> results;
  const std::optional<double> random[] = {
      Share(point.random.saved, point.random.computed),
      Share(point.random.lost, point.random.groups)};
  for (StudyResult& result : Results(name, point.prompts)) {
    result.baselines = {{"random", random[results.size()]}};
    results.push_back(Where(std::move(result), "threshold",
                            fmt::format("{}", point.threshold)));
  }
  return results;
}

void Append(std::vector<StudyResult> some, std::vector<StudyResult>* results) {
  for (StudyResult& result : some) results->push_back(std::move(result));
}

}  // namespace

std::vector<CutPoint> CutCurve(const CutData& data, const CutRule& rule,
                               size_t prompts, uint64_t seed) {
  std::vector<CutPoint> curve;
  for (const double threshold : rule.thresholds) {
    CutPoint point;
    point.threshold = threshold;
    point.prompts.resize(prompts);
    for (size_t s = 0; s < data.trees.size(); ++s) {
      point.prompts[data.prompts[s]].Add(
          CutAbove(data.trees[s], rule.asked[s], threshold));
    }
    const CutOutcome sum = Sum(point.prompts);
    const double rate = Share(sum.cut, sum.asked).value_or(0);
    point.random = RandomCuts(data, rule, rate, seed);
    curve.push_back(std::move(point));
  }
  return curve;
}

std::vector<CutOutcome> LeavePromptOut(std::span<const CutPoint> curve,
                                       double most_lost) {
  Outcomes chosen(curve.empty() ? 0 : curve.front().prompts.size());
  Outcomes totals;
  for (const CutPoint& point : curve) totals.push_back(Sum(point.prompts));
  for (size_t g = 0; g < chosen.size(); ++g) {
    chosen[g].computed = curve.front().prompts[g].computed;
    chosen[g].groups = curve.front().prompts[g].groups;
    uint64_t most_saved = 0;
    for (size_t i = 0; i < curve.size(); ++i) {
      const CutOutcome rest = Without(totals[i], curve[i].prompts[g]);
      const double lost = Share(rest.lost, rest.groups).value_or(0);
      if (lost > most_lost || rest.saved < most_saved) continue;
      most_saved = rest.saved;
      chosen[g] = curve[i].prompts[g];
    }
  }
  return chosen;
}

std::vector<StudyResult> CutResults(const CutData& data, size_t prompts,
                                    double most_lost, uint64_t seed) {
  std::vector<StudyResult> results;
  Outcomes oracle(prompts);
  for (size_t s = 0; s < data.trees.size(); ++s) {
    oracle[data.prompts[s]].Add(OracleCuts(data.trees[s]));
  }
  results.push_back(Results("cut.oracle", oracle).front());
  for (const CutRule& rule : data.rules) {
    const std::string name = "cut." + rule.name;
    const auto curve = CutCurve(data, rule, prompts, seed);
    Append(Results(name + ".chosen", LeavePromptOut(curve, most_lost)),
           &results);
    for (const CutPoint& point : curve) {
      Append(PointResults(name, point), &results);
    }
  }
  return results;
}

}  // namespace moetap
