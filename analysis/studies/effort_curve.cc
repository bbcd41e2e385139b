#include "analysis/studies/effort_curve.h"

#include <algorithm>
#include <cmath>

#include "analysis/studies/richness.h"

namespace moetap {

EffortCurve::EffortCurve(const Ensemble& ensemble)
    : kind_(ensemble.strategy == "sample" ? Kind::kExchangeable
            : ensemble.strategy == "beam" ? Kind::kWhole
                                          : Kind::kInOrder),
      codes_(ensemble.codes()),
      tokens_(ensemble.tokens()),
      abundances_(ensemble.Abundances()),
      steps_(kind_ == Kind::kExchangeable ? ExpectedSteps(ensemble)
                                          : StepsInOrder(ensemble)) {}

std::vector<EffortCurve::Step> EffortCurve::StepsInOrder(
    const Ensemble& ensemble) const {
  std::vector<Step> steps;
  Step now;
  for (const EnsembleRequest& request : ensemble.requests) {
    now.tokens += request.tokens;
    if (request.outcome == Outcome::kUnfinished) continue;
    if (request.outcome == Outcome::kNewGroup) now.groups += 1;
    steps.push_back(now);
  }
  return steps;
}

// Of 1, 2, ... requests drawn from all.
std::vector<EffortCurve::Step> EffortCurve::ExpectedSteps(
    const Ensemble& ensemble) const {
  const uint64_t requests = ensemble.requests.size();
  std::vector<Step> steps;
  for (uint64_t n = 1; n <= requests; ++n) {
    double tokens = 0;
    for (uint64_t m = 1; m < ensemble.sharers.size(); ++m) {
      if (ensemble.sharers[m] == 0) continue;
      tokens += static_cast<double>(ensemble.sharers[m]) *
                (1 - ProbabilityOfNone(requests, m, n));
    }
    steps.push_back({static_cast<uint64_t>(std::llround(tokens)),
                     RarefiedKinds(abundances_, requests, n)});
  }
  return steps;
}

std::optional<double> EffortCurve::AtCodes(uint64_t codes) const {
  if (codes == 0 || codes > codes_) return std::nullopt;
  if (whole() && codes != codes_) return std::nullopt;
  if (kind_ == Kind::kExchangeable) {
    return RarefiedKinds(abundances_, codes_, codes);
  }
  return steps_[codes - 1].groups;
}

std::optional<double> EffortCurve::AtTokens(uint64_t tokens) const {
  if (tokens > tokens_ || (whole() && tokens != tokens_)) return std::nullopt;
  const auto after = std::upper_bound(
      steps_.begin(), steps_.end(), tokens,
      [](uint64_t most, const Step& step) { return most < step.tokens; });
  return after == steps_.begin() ? 0 : (after - 1)->groups;
}

}  // namespace moetap
