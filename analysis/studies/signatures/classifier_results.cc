#include <map>
#include <utility>

#include "analysis/studies/signatures/class_scores.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/signatures/label_accuracy.h"
#include "analysis/studies/signatures/rivals.h"
#include "analysis/studies/signatures/signature_results.h"

namespace moetap {
namespace {

// Over all repeats.
void AddScores(const std::string& name, const ClassScores& scores,
               const SignatureData& data, StudyDocument* document) {
  const auto add = [&](const char* figure, double Scores::*member) {
    StudyResult result = UnitResult(name + '.' + figure, data);
    result.estimate = scores.scores.*member;
    result.lo = scores.lo.*member;
    result.hi = scores.hi.*member;
    result.method = "stratified bootstrap over units, fits kept";
    result.baselines.emplace_back("largest_class", scores.majority_rate);
    document->results.push_back(std::move(result));
  };
  add("accuracy", &Scores::accuracy);
  add("f1", &Scores::macro_f1);
  add("balanced_accuracy", &Scores::balanced_accuracy);
}

// Predictions of one set of features on all repeats, scored.
OutOfFold Score(const std::string& name, const FoldFeatures& features,
                const std::vector<Folds>& repeats, const SignatureData& data,
                const SignatureOptions& options, StudyDocument* document) {
  OutOfFold out =
      PredictRepeats(features, data.labels, repeats, options.threads);
  const auto scores =
      ScorePredictions(out.predicted, data.labels,
                       static_cast<uint32_t>(data.classes()), options.seed);
  AddScores(name, *scores, data, document);
  if (out.unconverged > 0) document->Warn(true, "not-converged");
  return out;
}

// As published: the folds of one repeat.
void AddOnce(const OutOfFold& out, const Folds& folds,
             const LabelAccuracyTest& test, const SignatureData& data,
             StudyDocument* document) {
  const FoldSpread spread =
      SpreadOf(FoldAccuracies(out.predicted.front(), data.labels, folds));
  StudyResult once = UnitResult("signatures.fold_accuracy", data);
  once.estimate = spread.mean;
  once.deviation = spread.deviation;
  once.p = test.p;
  once.baselines.emplace_back("permuted", test.null_accuracy);
  once.published = PublishedSignature(0.925);
  document->results.push_back(std::move(once));
}

void AddLayers(const LabelAccuracy& accuracy, const SignatureData& data,
               StudyDocument* document) {
  for (size_t l = 0; l < accuracy.layers.size(); ++l) {
    const LabelAccuracyTest& test = accuracy.layers[l];
    StudyResult result = UnitResult("layer.accuracy", data);
    result.layer = data.matrix.blocks[l].layer;
    result.estimate = test.accuracy;
    result.p = test.p;
    result.p_adjusted = test.p_adjusted;
    result.baselines.emplace_back("permuted", test.null_accuracy);
    document->results.push_back(std::move(result));
  }
}

Json ConfusionJson(const OutOfFold& out, const SignatureData& data) {
  const size_t classes = data.classes();
  const double weight = 1.0 / static_cast<double>(out.predicted.size());
  std::vector<std::vector<double>> counts(classes,
                                          std::vector<double>(classes, 0));
  for (const auto& repeat : out.predicted) {
    for (size_t u = 0; u < repeat.size(); ++u) {
      counts[data.labels[u]][repeat[u]] += weight;
    }
  }
  return counts;
}

// Of the positions whose rows count, mean over the requests of each unit.
std::vector<TokenCount> Words(const SignatureData& data, Phase phase) {
  std::vector<TokenCount> words;
  for (uint32_t u = 0; u < data.units.units.size(); ++u) {
    const SignatureUnit& unit = data.units.units[u];
    const double weight = 1.0 / static_cast<double>(unit.requests());
    std::map<uint64_t, double> counts;
    for (const UnitMember& member : unit.members) {
      for (const SequenceRef& at : member.requests) {
        const Sequence& sequence = data.traces[at.trace].sequences[at.sequence];
        const PositionRange range = PhaseRange(sequence, phase);
        for (uint32_t p = range.begin; p < range.end; ++p) {
          const uint64_t token = sequence.tokens[p];
          if (token != kUnknownToken) counts[token] += weight;
        }
      }
    }
    for (const auto& [token, count] : counts)
      words.push_back({u, token, count});
  }
  return words;
}

}  // namespace

void AddClassifier(const SignatureData& data, const SignatureOptions& options,
                   StudyDocument* document) {
  const std::vector<Folds> repeats = SignatureFolds(data, options);
  const FoldFeatures all = DenseFeatures(AllFeatures(data.matrix));
  std::vector<FoldFeatures> layers;
  for (size_t l = 0; l < data.matrix.blocks.size(); ++l) {
    layers.push_back(DenseFeatures(BlockFeatures(data.matrix, l)));
  }
  const LabelAccuracy accuracy =
      TestLabelAccuracy(all, layers, data.labels, repeats.front(),
                        {options.refits, options.seed, options.threads});
  const OutOfFold out =
      Score("signatures", all, repeats, data, options, document);
  AddOnce(out, repeats.front(), accuracy.all, data, document);
  document->signatures["confusion"] = ConfusionJson(out, data);
  Score("length", LengthFeatures(data.lengths), repeats, data, options,
        document);
  if (HasTokenIds(data)) {
    Score("words", TokenFeatures(Words(data, options.phase)), repeats, data,
          options, document);
  }
  document->Warn(!HasTokenIds(data), "no-words");
  AddLayers(accuracy, data, document);
}

}  // namespace moetap
