// The pure parts of the study "diversity" on figures given as JSON, for tests
// that compare them with an independent computation.
//
// Standard input is a list of questions, the output a list of answers:
//   {"abundances", "total", "n", "coverage"}     every figure of richness.h
//   {"pairs": [[score, equivalent, different]]}  CountConcordant
//   {"tree": [{"parent", "begin", "end", "group", "computed"}],
//    "questions": [[branch, earlier, position, score]], "threshold"}
//                                                OracleCuts and CutAbove
#include <iostream>
#include <optional>
#include <vector>

#include "analysis/studies/cuts.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/joined.h"
#include "analysis/studies/richness.h"

namespace moetap {
namespace {

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

uint32_t NumberOrNone(const Json& json) {
  return json.is_null() ? kNone : json.get<uint32_t>();
}

Json Richness(const Json& question) {
  const auto abundances =
      question.at("abundances").get<std::vector<uint64_t>>();
  const uint64_t n = question.at("n");
  return {{"kinds", RarefiedKinds(abundances, question.at("total"), n)},
          {"rarefied_coverage", RarefiedCoverage(abundances, n)},
          {"coverage", OrNull(GoodTuringCoverage(abundances))},
          {"kinds_at_coverage",
           OrNull(KindsAtCoverage(abundances, question.at("coverage")))},
          {"chao1", OrNull(Chao1(abundances))},
          {"hill1", OrNull(Hill1(abundances))},
          {"hill2", OrNull(Hill2(abundances))}};
}

Json Concordant(const Json& question) {
  std::vector<ScoredPairs> pairs;
  for (const Json& pair : question.at("pairs")) {
    pairs.push_back({pair.at(0), pair.at(1), pair.at(2)});
  }
  const RatioSum sum = CountConcordant(&pairs);
  return {{"concordant", sum.sum}, {"all", sum.count}};
}

Json OutcomeJson(const CutOutcome& outcome) {
  return {{"computed", outcome.computed}, {"saved", outcome.saved},
          {"groups", outcome.groups},     {"lost", outcome.lost},
          {"asked", outcome.asked},       {"cut", outcome.cut}};
}

Json Cuts(const Json& question) {
  CutTree tree;
  for (const Json& branch : question.at("tree")) {
    tree.push_back({NumberOrNone(branch.at("parent")), branch.at("begin"),
                    branch.at("end"), NumberOrNone(branch.at("group")),
                    branch.at("computed").get<std::vector<uint64_t>>()});
  }
  std::vector<CutQuestion> questions;
  for (const Json& one : question.at("questions")) {
    questions.push_back({one.at(0), one.at(1), one.at(2), one.at(3)});
  }
  return {{"oracle", OutcomeJson(OracleCuts(tree))},
          {"cut",
           OutcomeJson(CutAbove(tree, questions, question.at("threshold")))}};
}

Json Answer(const Json& question) {
  if (question.contains("abundances")) return Richness(question);
  return question.contains("pairs") ? Concordant(question) : Cuts(question);
}

}  // namespace
}  // namespace moetap

int main() {
  moetap::Json answers = moetap::Json::array();
  for (const auto& question : moetap::Json::parse(std::cin)) {
    answers.push_back(moetap::Answer(question));
  }
  std::cout << answers.dump() << '\n';
}
