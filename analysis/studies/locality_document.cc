#include "analysis/studies/locality_document.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "analysis/studies/elsewhere.h"

namespace moetap {
namespace {

std::string PairingText(const LocalityOptions& options) {
  switch (options.pairing) {
    case Pairing::kFork:
      return "fork";
    case Pairing::kSiblings:
      return "siblings";
    case Pairing::kSample:
      return fmt::format("sample:{}", options.sample);
  }
  return "";
}

std::vector<std::string> DefinitionsOf(const LocalityPlan& plan) {
  std::string pairs = PairingText(plan.options);
  pairs = pairs.substr(0, pairs.find(':'));
  std::vector<std::string> definitions = {
      "row@1",
      "fork-tree@2",
      "pairs." + pairs + "@1",
      "alignment." + plan.options.alignment + "@1",
      "weight.row@1",
      "weight.leaf@1",
      "weight.tree@1",
      "class.input@1",
      "class.output@1",
      "jaccard@1",
      "baseline.uniform@1",
      "baseline.ratio@1",
      "baseline.popularity@1",
      "baseline.elsewhere@1",
      "noise-floor@1",
      "breakdown@1",
      "token-class.c@1",
      "crossing@2",
      "random@1"};
  if (plan.options.codes != nullptr) {
    definitions.insert(definitions.end(), {"code@1", "assembly-equivalence@1"});
  }
  return definitions;
}

Json OptionsOf(const LocalityPlan& plan) {
  Json options = {{"pairs", PairingText(plan.options)},
                  {"weights", {"row", "leaf", "tree"}},
                  {"alignment", plan.options.alignment},
                  {"equivalent", plan.options.equivalent},
                  {"classifications", {"input", "output"}},
                  {"elsewhere_draws", kElsewhereDraws}};
  if (plan.options.codes != nullptr) {
    options["code"] = plan.options.codes->description();
  }
  if (plan.options.band) {
    options["band"] = {plan.options.band->from, plan.options.band->to};
  } else {
    options["band"] = "default";
  }
  return options;
}

}  // namespace

void NameLocality(const LocalityPlan& plan, StudyDocument* document) {
  document->study = "locality";
  document->definitions = DefinitionsOf(plan);
  document->options = OptionsOf(plan);
  document->seed = plan.options.seed;
}

}  // namespace moetap
