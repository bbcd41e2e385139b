// Measures the change of usage between signatures that are given, for tests
// that compare it with an independent computation.
//
// Standard input: a list of {"experts": [of each layer], "a", "b": units, each
// a list of shares, "pairs": [[unit of a, unit of b]], "permutations", "seed",
// "threads"}.  Prints a list of {"overall", "layers", "usage_a", "usage_b"}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "analysis/studies/signatures/usage_change.h"

namespace moetap {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

SignatureMatrix ReadMatrix(const Json& experts, const Json& units) {
  SignatureMatrix matrix;
  for (const uint32_t count : experts) {
    const auto layer = static_cast<uint32_t>(matrix.blocks.size());
    matrix.blocks.push_back({layer, count, 1, matrix.features});
    matrix.features += count;
  }
  for (const Json& unit : units) {
    for (const double share : unit) matrix.values.push_back(share);
  }
  return matrix;
}

Json FiguresJson(const UsageFigures& figures) {
  return {{"divergence", figures.divergence},
          {"changed", figures.changed},
          {"divergence_by_chance", OrNull(figures.divergence_by_chance)},
          {"changed_by_chance", OrNull(figures.changed_by_chance)},
          {"p", OrNull(figures.p)},
          {"p_adjusted", OrNull(figures.p_adjusted)}};
}

Json Measure(const Json& input) {
  std::vector<UsagePair> pairs;
  for (const Json& pair : input.at("pairs")) {
    pairs.push_back({pair.at(0), pair.at(1)});
  }
  const Json& experts = input.at("experts");
  const UsageChange change = MeasureUsageChange(
      ReadMatrix(experts, input.at("a")), ReadMatrix(experts, input.at("b")),
      pairs, {input.at("permutations"), input.at("seed"), input.at("threads")});
  Json layers = Json::array();
  for (const UsageFigures& layer : change.layers) {
    layers.push_back(FiguresJson(layer));
  }
  return {{"overall", FiguresJson(change.overall)},
          {"layers", layers},
          {"usage_a", change.usage_a},
          {"usage_b", change.usage_b}};
}

int Main() {
  Json results = Json::array();
  for (const Json& input : Json::parse(std::cin)) {
    results.push_back(Measure(input));
  }
  std::cout << results.dump() << '\n';
  return 0;
}

}  // namespace
}  // namespace moetap

int main() { return moetap::Main(); }
