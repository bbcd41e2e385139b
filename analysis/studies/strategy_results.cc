#include "analysis/studies/strategy_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "analysis/studies/effort_curve.h"
#include "analysis/studies/prompt_results.h"
#include "analysis/studies/richness.h"

namespace moetap {
namespace {

// Expected groups are given at these coverages, in percent.
constexpr int kCoverages[] = {50, 80, 90};
constexpr uint64_t kLeastTokens = 64;

struct Member {
  const Ensemble* ensemble;
  EffortCurve curve;
};

double AsDouble(uint64_t count) { return static_cast<double>(count); }

// The figures of one strategy.
class OneStrategy {
 public:
  OneStrategy(std::string name, const std::vector<Member>& members,
              size_t prompts, std::vector<StudyResult>* results)
      : name_(std::move(name)),
        members_(members),
        prompts_(prompts),
        results_(*results) {}

  void AddAll() {
    AddMean("codes", [](const Member& m) { return AsDouble(m.curve.codes()); });
    AddMean("groups", Groups);
    AddMean("tokens.computed",
            [](const Member& m) { return AsDouble(m.curve.tokens()); });
    AddShares();
    if (name_ == "sample") AddRichness();
    AddCurves();
  }

 private:
  using Figure = std::function<std::optional<double>(const Member&)>;

  static std::optional<double> Groups(const Member& member) {
    return AsDouble(member.ensemble->Abundances().size());
  }

  void Add(StudyResult result) {
    results_.push_back(Where(std::move(result), "strategy", name_));
  }

  // False if no prompt has it.
  bool AddMean(const std::string& name, const Figure& figure) {
    PromptSums sums(prompts_);
    bool found = false;
    for (const Member& member : members_) {
      const auto value = figure(member);
      if (value) sums[member.ensemble->prompt].Add({*value, 1});
      found = found || value;
    }
    if (found) Add(MeanResult(name, sums));
    return found;
  }

  void AddRatio(const std::string& name, const Figure& numerator,
                const std::function<uint64_t(const Member&)>& denominator) {
    PromptSums sums(prompts_);
    for (const Member& member : members_) {
      sums[member.ensemble->prompt].Add(
          {*numerator(member), denominator(member)});
    }
    Add(PooledResult(name, sums));
  }

  void AddShares() {
    AddRatio(
        "not_compiled.share",
        [](const Member& member) {
          const auto& requests = member.ensemble->requests;
          return AsDouble(static_cast<uint64_t>(std::count_if(
              requests.begin(), requests.end(), [](const auto& request) {
                return request.outcome == Outcome::kNotCompiled;
              })));
        },
        [](const Member& member) { return member.curve.codes(); });
    const auto computed = [](const Member& m) { return m.curve.tokens(); };
    for (size_t o = 0; o < kOutcomes; ++o) {
      const auto outcome = static_cast<Outcome>(o);
      const auto tokens = [outcome](const Member& member) {
        uint64_t sum = 0;
        for (const EnsembleRequest& request : member.ensemble->requests) {
          if (request.outcome == outcome) sum += request.tokens;
        }
        return AsDouble(sum);
      };
      AddRatio(fmt::format("tokens.share.{}", OutcomeName(outcome)), tokens,
               computed);
    }
    AddRatio(
        "tokens.per_group",
        [](const Member& member) { return AsDouble(member.curve.tokens()); },
        [](const Member& member) {
          return uint64_t{member.ensemble->Abundances().size()};
        });
  }

  void AddRichness() {
    const auto add = [&](const char* name, const auto& figure) {
      AddMean(name, [&figure](const Member& member) {
        return figure(member.ensemble->Abundances());
      });
    };
    add("coverage", GoodTuringCoverage);
    add("chao1", Chao1);
    add("hill1", Hill1);
    add("hill2", Hill2);
    for (const int percent : kCoverages) {
      AddMean(fmt::format("groups.at_coverage.c{}", percent),
              [percent](const Member& member) {
                return KindsAtCoverage(member.ensemble->Abundances(),
                                       percent / 100.0);
              });
    }
  }

  // At doubling codes and tokens, as far as some prompt got.
  void AddCurves() {
    uint64_t codes = 0;
    uint64_t tokens = 0;
    for (const Member& member : members_) {
      codes = std::max(codes, member.curve.codes());
      tokens = std::max(tokens, member.curve.tokens());
    }
    for (uint64_t n = 1; n <= codes; n *= 2) {
      AddMean(fmt::format("groups.at_codes.n{}", n),
              [n](const Member& member) { return member.curve.AtCodes(n); });
    }
    for (uint64_t t = kLeastTokens; t <= tokens; t *= 2) {
      AddMean(fmt::format("groups.at_tokens.t{}", t),
              [t](const Member& member) { return member.curve.AtTokens(t); });
    }
  }

  const std::string name_;
  const std::vector<Member>& members_;
  const size_t prompts_;
  std::vector<StudyResult>& results_;
};

// The effort at which two searches are compared: of the smaller one, or of
// the one that cannot be had in part.
uint64_t CommonEffort(const EffortCurve& a, const EffortCurve& b,
                      uint64_t (EffortCurve::*effort)() const) {
  if (a.whole()) return (a.*effort)();
  if (b.whole()) return (b.*effort)();
  return std::min((a.*effort)(), (b.*effort)());
}

void AddDifference(const std::string& name, const std::vector<Member>& a,
                   const std::vector<Member>& b, size_t prompts,
                   uint64_t (EffortCurve::*effort)() const,
                   std::optional<double> (EffortCurve::*at)(uint64_t) const,
                   const std::string& label,
                   std::vector<StudyResult>* results) {
  PromptSums sums(prompts);
  for (const Member& one : a) {
    for (const Member& other : b) {
      if (one.ensemble->prompt != other.ensemble->prompt) continue;
      const uint64_t common = CommonEffort(one.curve, other.curve, effort);
      const auto ours = (one.curve.*at)(common);
      const auto theirs = (other.curve.*at)(common);
      if (ours && theirs) {
        sums[one.ensemble->prompt].Add({*ours - *theirs, 1});
      }
    }
  }
  results->push_back(Where(MeanResult(name, sums), "strategies", label));
}

}  // namespace

std::vector<StudyResult> StrategyResults(std::span<const Ensemble> ensembles,
                                         size_t prompts) {
  std::map<std::string, std::vector<Member>> strategies;
  for (const Ensemble& ensemble : ensembles) {
    strategies[ensemble.strategy].push_back({&ensemble, EffortCurve(ensemble)});
  }
  std::vector<StudyResult> results;
  for (const auto& [name, members] : strategies) {
    OneStrategy(name, members, prompts, &results).AddAll();
  }
  for (auto a = strategies.begin(); a != strategies.end(); ++a) {
    for (auto b = std::next(a); b != strategies.end(); ++b) {
      const std::string label = fmt::format("{} minus {}", a->first, b->first);
      AddDifference("difference.groups.at_codes", a->second, b->second, prompts,
                    &EffortCurve::codes, &EffortCurve::AtCodes, label,
                    &results);
      AddDifference("difference.groups.at_tokens", a->second, b->second,
                    prompts, &EffortCurve::tokens, &EffortCurve::AtTokens,
                    label, &results);
    }
  }
  return results;
}

}  // namespace moetap
