// Tries intervals and the crossing pattern on trees with planted structure,
// and computes them for sums that are given.
//
//   planted_locality coverage SETTING LAYERS TREES REPLICATES SEED
//   planted_locality crossing SETTING PROFILE LAYERS TREES REPLICATES SEED
//   planted_locality estimate SEED REPLICATES < SUMS
//
// SETTING: planted_trees.h; PROFILE: planted_profiles.h.  SUMS: {"same",
// "different"}, each [unit][layer] of [sum, count].  Prints one JSON object.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "analysis/studies/crossing.h"
#include "analysis/studies/intervals.h"
#include "tests/tools/planted_profiles.h"
#include "tests/tools/planted_trees.h"

namespace moetap {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kLeastTrees = 10;

Json Number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

// Sums over all layers.
struct Pooled {
  std::vector<RatioSum> units;
  RatioSum total;

  explicit Pooled(const UnitSums& by_layer) {
    for (const auto& unit : by_layer) {
      RatioSum& sum = units.emplace_back();
      for (const RatioSum& layer : unit) sum.Add(layer);
      total.Add(sum);
    }
  }
};

template <typename List>
const auto& ByName(const List& list, const std::string& name) {
  for (const auto& one : list) {
    if (one.name == name) return one;
  }
  throw std::invalid_argument("there is no " + name);
}

// Streams of a replicate: which tree is how large, then one per class.
constexpr uint64_t kStreams = 3;
// Seeds of resamples from here on, so that trees share none of them.
constexpr uint64_t kResampleSeeds = uint64_t{1} << 32;

// How often an interval held the truth.
struct Coverage {
  const char* name;
  const char* weight;
  const char* method;
  double truth;
  uint64_t given = 0;
  uint64_t covered = 0;
  uint64_t below = 0;  // intervals that lie below the truth
  double width = 0;    // sum

  void Add(double lo, double hi) {
    ++given;
    covered += lo <= truth && truth <= hi;
    below += hi < truth;
    width += hi - lo;
  }
  Json ToJson() const {
    const auto n = static_cast<double>(given);
    return {{"class", name},    {"weight", weight},
            {"method", method}, {"truth", truth},
            {"given", given},   {"covered", covered},
            {"below", below},   {"width", given ? Json(width / n) : Json()}};
  }
};

// Intervals of one class: jackknife and bootstrap of both weights.
class CoverageOfClass {
 public:
  CoverageOfClass(const char* name, const PlantedClass& planted) {
    const double row = planted.pair_mean();
    const double tree = planted.tree_mean();
    results_ = {{name, "row", "jackknife", row},
                {name, "row", "bootstrap", row},
                {name, "tree", "jackknife", tree},
                {name, "tree", "bootstrap", tree}};
  }

  void Add(const Pooled& sums, const ResampleTable& table) {
    AddJackknife(JackknifeRatio(sums.total, sums.units, kLeastTrees),
                 &results_[0]);
    AddBootstrap(BootstrapRatio(sums.units, table), &results_[1]);
    AddJackknife(JackknifeMean(sums.units, kLeastTrees), &results_[2]);
    AddBootstrap(BootstrapMean(sums.units, table), &results_[3]);
  }

  const std::vector<Coverage>& results() const { return results_; }

 private:
  static void AddJackknife(const Interval& interval, Coverage* coverage) {
    if (interval.lo) coverage->Add(*interval.lo, *interval.hi);
  }
  static void AddBootstrap(const std::optional<BootstrapInterval>& interval,
                           Coverage* coverage) {
    if (interval) coverage->Add(interval->lo, interval->hi);
  }

  std::vector<Coverage> results_;
};

struct Planted {
  PlantedClass same;
  PlantedClass different;

  Planted(const PlantedSetting& setting, const PlantedProfile& profile,
          size_t layers)
      : same(setting, PlantedCurve(profile.same, layers)),
        different(setting, PlantedCurve(profile.different, layers)) {}

  struct Units {
    UnitSums same;
    UnitSums different;
  };
  Units Simulate(size_t trees, uint64_t seed, uint64_t replicate) const {
    const uint64_t stream = kStreams * replicate;
    const auto places = PlantedPlaces(trees, seed, stream);
    return {same.Simulate(places, seed, stream + 1),
            different.Simulate(places, seed, stream + 2)};
  }
};

Json RunCoverage(const std::string& setting, size_t layers, uint32_t trees,
                 uint64_t replicates, uint64_t seed) {
  const Planted planted(ByName(PlantedSettings(), setting),
                        ByName(PlantedProfiles(), "published"), layers);
  CoverageOfClass same("same", planted.same);
  CoverageOfClass different("different", planted.different);
  for (uint64_t r = 0; r < replicates; ++r) {
    const auto units = planted.Simulate(trees, seed, r);
    const ResampleTable table = BootstrapIndices(trees, kBootstrapReplicates,
                                                 kResampleSeeds + seed + r);
    same.Add(Pooled(units.same), table);
    different.Add(Pooled(units.different), table);
  }
  Json json = {{"setting", setting}, {"layers", layers},
               {"trees", trees},     {"replicates", replicates},
               {"seed", seed},       {"results", Json::array()}};
  for (const auto* one : {&same, &different}) {
    for (const Coverage& coverage : one->results()) {
      json["results"].push_back(coverage.ToJson());
    }
  }
  return json;
}

CrossingInput ToInput(UnitSums same, UnitSums different) {
  CrossingInput input;
  const auto total = [](const UnitSums& units) {
    std::vector<RatioSum> sums(units.at(0).size());
    for (const auto& unit : units) {
      for (size_t l = 0; l < sums.size(); ++l) sums[l].Add(unit.at(l));
    }
    return sums;
  };
  input.same_total = total(same);
  input.different_total = total(different);
  input.same_units = std::move(same);
  input.different_units = std::move(different);
  return input;
}

Crossing CrossingOfCurves(const PlantedProfile& profile, size_t layers) {
  const auto sums = [&](ProfileShape shape) {
    UnitSums one(1);
    for (const double value : PlantedCurve(shape, layers)) {
      one[0].push_back({value, 1});
    }
    return one;
  };
  return FindCrossing(ToInput(sums(profile.same), sums(profile.different)),
                      std::nullopt, kLeastTrees);
}

// Of one statistic: how often it was found, and how often a bound was on the
// wrong side of the truth.
struct BoundCounts {
  double truth;
  uint64_t found = 0;
  uint64_t lower_above = 0;
  uint64_t upper_below = 0;

  void Add(const CrossingStatistic& one) {
    found += one.verdict == Verdict::kFound;
    lower_above += one.lower && *one.lower > truth;
    upper_below += one.upper && *one.upper < truth;
  }
  Json ToJson() const {
    return {{"truth", truth},
            {"found", found},
            {"lower_above", lower_above},
            {"upper_below", upper_below}};
  }
};

Json RunCrossing(const std::string& setting, const std::string& name,
                 size_t layers, uint32_t trees, uint64_t replicates,
                 uint64_t seed) {
  const PlantedProfile& profile = ByName(PlantedProfiles(), name);
  const Planted planted(ByName(PlantedSettings(), setting), profile, layers);
  std::map<std::string, uint64_t> verdicts;
  const Crossing truth = CrossingOfCurves(profile, layers);
  std::vector<BoundCounts> counts;
  for (const auto& one : truth.statistics) counts.push_back({one.estimate});
  for (uint64_t r = 0; r < replicates; ++r) {
    auto units = planted.Simulate(trees, seed, r);
    const Crossing crossing =
        FindCrossing(ToInput(std::move(units.same), std::move(units.different)),
                     std::nullopt, kLeastTrees);
    ++verdicts[VerdictName(crossing.verdict)];
    for (size_t i = 0; i < counts.size(); ++i) {
      counts[i].Add(crossing.statistics[i]);
    }
  }
  Json json = {{"setting", setting},       {"profile", name},
               {"layers", layers},         {"trees", trees},
               {"replicates", replicates}, {"seed", seed},
               {"verdicts", verdicts}};
  for (size_t i = 0; i < counts.size(); ++i) {
    json[truth.statistics[i].name] = counts[i].ToJson();
  }
  return json;
}

UnitSums ReadSums(const Json& json) {
  UnitSums units;
  for (const Json& unit : json) {
    auto& sums = units.emplace_back();
    for (const Json& one : unit) sums.push_back({one.at(0), one.at(1)});
  }
  return units;
}

Json ToJson(const std::optional<double>& estimate, const Interval& interval,
            const std::optional<BootstrapInterval>& bootstrap) {
  Json json = {{"estimate", Number(estimate)},    {"lo", Number(interval.lo)},
               {"hi", Number(interval.hi)},       {"units", interval.units},
               {"effective", interval.effective}, {"bootstrap", nullptr}};
  if (bootstrap) {
    json["bootstrap"] = {{"lo", bootstrap->lo},
                         {"hi", bootstrap->hi},
                         {"replicates", bootstrap->replicates},
                         {"skipped", bootstrap->skipped}};
  }
  return json;
}

Json Estimates(const Pooled& sums, const ResampleTable& table) {
  const auto& units = sums.units;
  return {
      {"row",
       ToJson(Ratio(sums.total), JackknifeRatio(sums.total, units, kLeastTrees),
              BootstrapRatio(units, table))},
      {"tree", ToJson(MeanOfRatios(units), JackknifeMean(units, kLeastTrees),
                      BootstrapMean(units, table))}};
}

Json ToJson(const Crossing& crossing) {
  Json json = {{"reason", crossing.reason},
               {"verdict", VerdictName(crossing.verdict)},
               {"band", {crossing.band.first, crossing.band.last}},
               {"units", crossing.units},
               {"effective", crossing.effective},
               {"argmin_same", crossing.argmin_same},
               {"argmax_different", crossing.argmax_different}};
  for (const CrossingStatistic& one : crossing.statistics) {
    json[one.name] = {
        {"estimate", one.estimate},   {"lo", Number(one.lo)},
        {"hi", Number(one.hi)},       {"lower", Number(one.lower)},
        {"upper", Number(one.upper)}, {"verdict", VerdictName(one.verdict)}};
  }
  return json;
}

Json RunEstimate(uint64_t seed, uint32_t replicates) {
  const Json input = Json::parse(std::cin);
  UnitSums same = ReadSums(input.at("same"));
  UnitSums different = ReadSums(input.at("different"));
  const auto table = BootstrapIndices(same.size(), replicates, seed);
  Json json = {{"same", Estimates(Pooled(same), table)},
               {"different", Estimates(Pooled(different), table)},
               {"indices", Json::array()}};
  for (size_t r = 0; r < table.replicates(); ++r) {
    const auto one = table.replicate(r);
    json["indices"].push_back(std::vector<uint32_t>(one.begin(), one.end()));
  }
  json["crossing"] =
      ToJson(FindCrossing(ToInput(std::move(same), std::move(different)),
                          std::nullopt, kLeastTrees));
  return json;
}

Json Run(const std::vector<std::string>& words) {
  const auto number = [&](size_t i) {
    return static_cast<uint32_t>(std::stoul(words.at(i)));
  };
  const std::string command = words.empty() ? "" : words[0];
  if (command == "coverage" && words.size() == 6) {
    return RunCoverage(words[1], number(2), number(3), number(4), number(5));
  }
  if (command == "crossing" && words.size() == 7) {
    return RunCrossing(words[1], words[2], number(3), number(4), number(5),
                       number(6));
  }
  if (command == "estimate" && words.size() == 3) {
    return RunEstimate(number(1), number(2));
  }
  throw std::invalid_argument(
      "coverage, crossing or estimate, and what the "
      "head of planted_locality.cc says");
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  try {
    std::cout << moetap::Run({argv + 1, argv + argc}).dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "planted_locality: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
