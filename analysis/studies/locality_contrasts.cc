#include "analysis/studies/locality_contrasts.h"

#include <algorithm>

#include "analysis/studies/crossing.h"
#include "analysis/studies/locality.h"

namespace moetap {
namespace {

const char* const kMethod = "delete-one-tree jackknife, t";

class Contrasts {
 public:
  Contrasts(const LocalitySums& sums, StudyDocument* document)
      : sums_(sums), counts_(sums.counts()), document_(*document) {}

  void Add() {
    AddCrossing("input");
    AddCrossing("output");
    AddContrasts(std::nullopt);
    for (size_t l = 0; l < sums_.layers().size(); ++l) AddContrasts(l);
    AddNoise(std::nullopt);
    for (size_t l = 0; l < sums_.layers().size(); ++l) AddNoise(l);
  }

 private:
  StudyResult& Append(std::string name, Layer layer = {}) {
    return sums_.Append(std::move(name), layer, &document_);
  }

  // What is left of a class when a baseline is taken away: (e) and (f) leave
  // what context adds to the tokens, (c) what popularity does not explain.
  void AddContrasts(Layer layer) {
    for (const char* kind : {"same", "different"}) {
      const std::string name = std::string("input.") + kind;
      const uint32_t cells = FindPairClass(name).cells;
      const Sums sums = sums_.OfClass("row", cells, layer);
      const Elsewhere& elsewhere = name == "input.same"
                                       ? counts_.same_elsewhere
                                       : counts_.different_elsewhere;
      AddContrast("context." + name, layer, sums,
                  sums_.OfElsewhere(elsewhere, layer));
      const auto popularity = [&](size_t l) {
        return sums_.baselines(l).popularity;
      };
      AddExcess("excess." + name, layer, sums,
                layer ? popularity(*layer) : sums_.Mean(cells, popularity));
    }
  }

  // Units vanish from both terms together.
  void AddContrast(const std::string& name, Layer layer, const Sums& sums,
                   const Sums& baseline) {
    StudyResult& result = Append(name, layer);
    result.unit = "tree";
    result.pairs = sums.total.count;
    const auto full = Difference(sums.total, baseline.total);
    result.estimate = full;
    if (!full || !counts_.population) return;
    std::vector<double> without;
    for (size_t g = 0; g < sums.units.size(); ++g) {
      if (sums.units[g].count == 0) continue;
      const auto value = Difference(sums.total.Without(sums.units[g]),
                                    baseline.total.Without(baseline.units[g]));
      if (!value) return;
      without.push_back(*value);
    }
    result.n_units = without.size();
    result.n_effective = EffectiveUnits(sums.units);
    if (without.size() < kTreesForInterval) return;
    SetBounds(JackknifeStatistic(*full, without, *result.n_effective), &result);
  }

  static std::optional<double> Difference(const RatioSum& a,
                                          const RatioSum& b) {
    const auto mean_a = Ratio(a);
    const auto mean_b = Ratio(b);
    if (!mean_a || !mean_b) return std::nullopt;
    return *mean_a - *mean_b;
  }

  // The baseline is a constant of the capture.
  void AddExcess(const std::string& name, Layer layer, const Sums& sums,
                 std::optional<double> baseline) {
    StudyResult& result = Append(name, layer);
    sums_.SetPooled(sums, &result);
    result.bootstrap.reset();
    if (!baseline || !result.estimate) {
      result.estimate = result.lo = result.hi = std::nullopt;
      result.method = "none";
      return;
    }
    for (auto* value : {&result.estimate, &result.lo, &result.hi}) {
      if (*value) **value -= *baseline;
    }
    if (counts_.population) SetVerdict(&result);
  }

  static void SetBounds(const std::optional<JackknifeResult>& bounds,
                        StudyResult* result) {
    if (!bounds) return;
    result->lo = bounds->lo;
    result->hi = bounds->hi;
    result->method = kMethod;
    SetVerdict(result);
  }

  // Whether the baseline alone is enough.
  static void SetVerdict(StudyResult* result) {
    if (!result->lo) return;
    const bool enough = *result->lo <= 0 && *result->hi >= 0;
    result->verdict = enough ? "explained" : "not-explained";
  }

  void AddCrossing(const std::string& which) {
    const Crossing crossing =
        FindCrossing(InputOf(which), counts_.band, kTreesForInterval);
    const std::string base = "crossing." + which;
    StudyResult& all = Append(base);
    SetUnits(crossing, &all);
    all.verdict = VerdictName(crossing.verdict);
    if (!crossing.reason.empty()) {
      Warn(crossing.reason);
      return;
    }
    document_.options["band_layers"] = {
        sums_.layers()[crossing.band.first].number,
        sums_.layers()[crossing.band.last].number};
    for (const CrossingStatistic& one : crossing.statistics) {
      StudyResult& result = Append(base + "." + one.name);
      result.estimate = one.estimate;
      SetUnits(crossing, &result);
      result.verdict = VerdictName(one.verdict);
      result.lo = one.lower;
      result.hi = one.upper;
      if (one.lower) {
        result.method = std::string(kMethod) + "; one-sided 95 % bounds";
      }
    }
    const auto extreme = [&](const char* name, size_t layer) {
      StudyResult& result = Append(base + name, layer);
      result.estimate = sums_.layers()[layer].number;
      result.unit = "layer";
    };
    extreme(".argmin_same", crossing.argmin_same);
    extreme(".argmax_different", crossing.argmax_different);
  }

  void SetUnits(const Crossing& crossing, StudyResult* result) const {
    result->unit = "tree";
    result->n_units = crossing.units;
    if (counts_.population && crossing.reason.empty()) {
      result->n_effective = crossing.effective;
    }
  }

  CrossingInput InputOf(const std::string& which) const {
    CrossingInput input;
    for (size_t l = 0; l < sums_.layers().size(); ++l) {
      const auto add = [&](const char* kind, std::vector<RatioSum>* total,
                           std::vector<std::vector<RatioSum>>* units) {
        const uint32_t cells = FindPairClass(which + kind).cells;
        const Sums sums = sums_.OfClass("row", cells, l);
        total->push_back(sums.total);
        if (!counts_.population) return;
        units->resize(sums.units.size());
        for (size_t g = 0; g < sums.units.size(); ++g) {
          (*units)[g].push_back(sums.units[g]);
        }
      };
      add(".same", &input.same_total, &input.same_units);
      add(".different", &input.different_total, &input.different_units);
    }
    return input;
  }

  void Warn(const std::string& code) {
    auto& warnings = document_.warnings;
    if (std::find(warnings.begin(), warnings.end(), code) == warnings.end()) {
      warnings.push_back(code);
    }
  }

  void AddNoise(Layer layer) {
    StudyResult& result = Append("noise", layer);
    sums_.SetPooled(sums_.OfNoise(layer), &result);
  }

  const LocalitySums& sums_;
  const LocalityCounts& counts_;
  StudyDocument& document_;
};

}  // namespace

void AddLocalityContrasts(const LocalitySums& sums, StudyDocument* document) {
  Contrasts(sums, document).Add();
}

}  // namespace moetap
