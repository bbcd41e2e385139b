// The classifier of the study of signatures on given numbers, for tests that
// compare it with scikit-learn: classify_signatures fit|cross|test|scores.
// Standard input:
//   fit     {FEATURES, "labels", "train", "test"}: labels of all units, and
//           which of them train and are predicted
//   cross   {FEATURES, "labels", "classes", "folds", "repeats", "seed",
//           "threads"}; "folds" 0: leave one out
//   test    a list of {FEATURES, "blocks", "labels", "classes", "folds",
//           "permutations", "seed", "threads"}: "blocks" are numbers of columns
//   scores  {"predicted": [repeat][unit], "labels", "classes", "seed"}
// FEATURES is one of "rows": [unit][feature], "lengths": [unit] and "tokens":
// [[unit, token, count]].  Prints JSON; null where there is nothing.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/studies/signatures/class_scores.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/signatures/label_accuracy.h"
#include "analysis/studies/signatures/logistic.h"
#include "analysis/studies/signatures/rivals.h"

namespace moetap {
namespace {

using Json = nlohmann::ordered_json;
using Numbers = std::vector<uint32_t>;

SignatureMatrix ReadMatrix(const Json& input) {
  SignatureMatrix matrix;
  for (const Json& row : input.at("rows")) {
    matrix.features = row.size();
    for (const Json& value : row) matrix.values.push_back(value);
  }
  for (const Json& columns : input.value("blocks", Json::array())) {
    FeatureBlock block;
    block.experts = columns;
    if (!matrix.blocks.empty()) {
      block.offset = matrix.blocks.back().offset + matrix.blocks.back().experts;
    }
    matrix.blocks.push_back(block);
  }
  return matrix;
}

// `matrix` outlives the result.
FoldFeatures ReadFeatures(const Json& input, SignatureMatrix* matrix) {
  if (input.contains("lengths")) {
    return LengthFeatures(input.at("lengths").get<std::vector<double>>());
  }
  if (input.contains("tokens")) {
    std::vector<TokenCount> counts;
    for (const Json& one : input.at("tokens")) {
      counts.push_back({one.at(0), one.at(1), one.at(2)});
    }
    return TokenFeatures(std::move(counts));
  }
  *matrix = ReadMatrix(input);
  return DenseFeatures(AllFeatures(*matrix));
}

Json Fit(const Json& input) {
  SignatureMatrix matrix;
  const FoldFeatures features = ReadFeatures(input, &matrix);
  const Numbers labels = input.at("labels");
  const Numbers train = input.at("train");
  const Numbers test = input.at("test");
  Numbers train_labels;
  for (const uint32_t unit : train) train_labels.push_back(labels[unit]);
  const FoldCoordinates at = features(train, test);
  const LogisticFit fit = FitLogistic(at.train, train_labels);
  Json result{{"dimensions", at.dimensions}, {"exact", at.exact},
              {"converged", fit.converged},  {"objective", fit.objective},
              {"present", fit.present},      {"intercepts", fit.intercepts},
              {"weights", fit.weights},      {"probabilities", Json::array()},
              {"predicted", Json::array()}};
  for (size_t i = 0; i < test.size(); ++i) {
    const auto row =
        std::span(at.test).subspan(i * at.dimensions, at.dimensions);
    result["probabilities"].push_back(ClassProbabilities(fit, row));
    result["predicted"].push_back(PredictClass(fit, row));
  }
  return result;
}

Json ToJson(const Scores& scores) {
  return {{"accuracy", scores.accuracy},
          {"macro_f1", scores.macro_f1},
          {"balanced_accuracy", scores.balanced_accuracy}};
}

Json ScoresJson(std::span<const Numbers> predicted, const Numbers& labels,
                uint32_t classes, uint64_t seed) {
  const auto scores = ScorePredictions(predicted, labels, classes, seed);
  if (!scores) return nullptr;
  return {{"confusion", scores->confusion.counts},
          {"scores", ToJson(scores->scores)},
          {"lo", ToJson(scores->lo)},
          {"hi", ToJson(scores->hi)},
          {"majority_rate", scores->majority_rate}};
}

Json Cross(const Json& input) {
  SignatureMatrix matrix;
  const FoldFeatures features = ReadFeatures(input, &matrix);
  const Numbers labels = input.at("labels");
  const uint32_t classes = input.at("classes");
  const uint32_t count = input.at("folds");
  std::optional<std::vector<Folds>> folds;
  if (count == 0) {
    folds.emplace(1, LeaveOneOutFolds(static_cast<uint32_t>(labels.size())));
  } else {
    folds = RepeatedFolds(labels, classes, count, input.at("repeats"),
                          input.at("seed"));
  }
  if (!folds) return nullptr;
  const OutOfFold out =
      PredictRepeats(features, labels, *folds, input.at("threads"));
  Json result{
      {"fits", out.fits},
      {"unconverged", out.unconverged},
      {"predicted", out.predicted},
      {"folds", Json::array()},
      {"fold_accuracies", Json::array()},
      {"scores", ScoresJson(out.predicted, labels, classes, input.at("seed"))}};
  for (size_t r = 0; r < folds->size(); ++r) {
    result["folds"].push_back((*folds)[r].of_unit);
    result["fold_accuracies"].push_back(
        FoldAccuracies(out.predicted[r], labels, (*folds)[r]));
  }
  const auto first =
      FoldAccuracies(out.predicted.front(), labels, folds->front());
  const FoldSpread spread = SpreadOf(first);
  result["mean"] = spread.mean;
  result["deviation"] = spread.deviation;
  return result;
}

Json ToJson(const LabelAccuracyTest& test) {
  return {{"accuracy", test.accuracy},
          {"null_accuracy", test.null_accuracy},
          {"p", test.p},
          {"p_adjusted", test.p_adjusted}};
}

Json TestOne(const Json& input) {
  const SignatureMatrix matrix = ReadMatrix(input);
  std::vector<FoldFeatures> layers;
  for (size_t b = 0; b < matrix.blocks.size(); ++b) {
    layers.push_back(DenseFeatures(BlockFeatures(matrix, b)));
  }
  const Numbers labels = input.at("labels");
  const auto folds = StratifiedFolds(labels, input.at("classes"),
                                     input.at("folds"), 0, input.at("seed"));
  if (!folds) return nullptr;
  LabelAccuracyOptions options;
  options.permutations = input.at("permutations");
  options.seed = input.at("seed");
  options.threads = input.at("threads");
  const LabelAccuracy tested = TestLabelAccuracy(
      DenseFeatures(AllFeatures(matrix)), layers, labels, *folds, options);
  Json result{{"folds", folds->of_unit},
              {"fits", tested.fits},
              {"unconverged", tested.unconverged},
              {"all", ToJson(tested.all)},
              {"layers", Json::array()}};
  for (const auto& layer : tested.layers) {
    result["layers"].push_back(ToJson(layer));
  }
  return result;
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const Json input = Json::parse(std::cin);
  Json result;
  if (what == "fit") {
    result = Fit(input);
  } else if (what == "cross") {
    result = Cross(input);
  } else if (what == "test") {
    for (const Json& one : input) result.push_back(TestOne(one));
  } else if (what == "scores") {
    result =
        ScoresJson(input.at("predicted").get<std::vector<Numbers>>(),
                   input.at("labels"), input.at("classes"), input.at("seed"));
  } else {
    std::fprintf(stderr, "classify_signatures fit|cross|test|scores\n");
    return 2;
  }
  std::cout << result.dump() << '\n';
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
