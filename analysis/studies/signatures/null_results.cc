#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "analysis/studies/signatures/class_scores.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/signatures/null_models.h"
#include "analysis/studies/signatures/separation.h"
#include "analysis/studies/signatures/signature_results.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// What is observed, and compared with each synthetic capture.
struct Figures {
  std::optional<double> d;
  double accuracy = 0;
};

Figures FiguresOf(const SignatureMatrix& matrix, const SignatureData& data,
                  const Folds& folds) {
  Figures figures;
  const auto separation = Separate(CosineSimilarity(matrix), data.labels);
  if (separation) figures.d = separation->d;
  const OutOfFold out =
      PredictFolds(DenseFeatures(AllFeatures(matrix)), data.labels, folds);
  figures.accuracy = ShareRight(out.predicted.front(), data.labels);
  return figures;
}

std::vector<Figures> DrawFigures(const NullModel& model,
                                 const SignatureData& data, const Folds& folds,
                                 const SignatureOptions& options) {
  std::vector<Figures> figures(options.refits);
  std::atomic<size_t> next = 0;
  RunWorkers(options.threads, [&] {
    for (size_t r = next++; r < figures.size(); r = next++) {
      figures[r] = FiguresOf(model.Draw(options.seed, r), data, folds);
    }
  });
  return figures;
}

// Of one figure: its distribution under the null, and whether that explains
// what was observed.
StudyResult NullResult(std::string name, std::optional<double> observed,
                       const std::vector<std::optional<double>>& drawn,
                       const SignatureData& data) {
  StudyResult result = UnitResult(std::move(name), data);
  std::vector<double> values;
  for (const auto& value : drawn) {
    if (value) values.push_back(*value);
  }
  result.baselines.emplace_back("observed", observed);
  if (values.size() < 2 || !observed) return result;
  std::sort(values.begin(), values.end());
  const FoldSpread spread = SpreadOf(values);
  result.estimate = spread.mean;
  result.deviation = spread.deviation;
  result.lo = Quantile(values, 0.025);
  result.hi = Quantile(values, 0.975);
  result.method =
      fmt::format("central 95 % of {} synthetic captures", values.size());
  result.p = PermutationP(*observed, drawn);
  result.verdict = *result.lo <= *observed && *observed <= *result.hi
                       ? "explained"
                       : "not-explained";
  result.baselines.emplace_back("excess", *observed - spread.mean);
  return result;
}

Json ValuesJson(const std::vector<std::optional<double>>& values) {
  Json json = Json::array();
  for (const auto& value : values) {
    json.push_back(value ? Json(*value) : Json(nullptr));
  }
  return json;
}

void AddNull(NullKind kind, const Figures& observed,
             const std::vector<Figures>& drawn, const SignatureData& data,
             StudyDocument* document) {
  std::vector<std::optional<double>> ds;
  std::vector<std::optional<double>> accuracies;
  for (const Figures& one : drawn) {
    ds.push_back(one.d);
    accuracies.emplace_back(one.accuracy);
  }
  const std::string name = fmt::format("null.{}", NullKindName(kind));
  document->results.push_back(NullResult(name + ".d", observed.d, ds, data));
  document->results.push_back(
      NullResult(name + ".accuracy", observed.accuracy, accuracies, data));
  document->signatures["nulls"][name + ".d"] = ValuesJson(ds);
  document->signatures["nulls"][name + ".accuracy"] = ValuesJson(accuracies);
}

}  // namespace

void AddNulls(const SignatureData& data, const SignatureOptions& options,
              StudyDocument* document) {
  const Folds folds = FirstFolds(data, options);
  const Figures observed = FiguresOf(data.matrix, data, folds);
  const CountedPositions counted = PositionsOf(options.phase);
  document->signatures["nulls"] = Json::object();
  for (const NullKind kind :
       {NullKind::kUniform, NullKind::kPopularity, NullKind::kPermuted}) {
    const auto model =
        NullModel::Make(data.traces, data.units.units, counted, kind);
    document->Warn(!model, "null-not-fitted");
    if (!model) continue;
    AddNull(kind, observed, DrawFigures(*model, data, folds, options), data,
            document);
  }
}

}  // namespace moetap
