#include <utility>

#include "analysis/studies/signatures/layer_separation.h"
#include "analysis/studies/signatures/separation.h"
#include "analysis/studies/signatures/signature_results.h"
#include "analysis/studies/signatures/similarity.h"

namespace moetap {
namespace {

void SetInterval(const std::optional<BootstrapInterval>& interval,
                 StudyResult* result) {
  if (!interval) return;
  result->lo = interval->lo;
  result->hi = interval->hi;
  result->method = "stratified bootstrap over units, bias-corrected";
}

StudyResult SideResult(std::string name, const PairSide& side,
                       const SignatureData& data) {
  StudyResult result = UnitResult(std::move(name), data);
  result.estimate = side.mean;
  result.deviation = side.deviation;
  result.pairs = side.pairs;
  return result;
}

// `kind`: of the similarity.
void AddTest(const std::string& kind, const SeparationTest& test,
             const SignatureData& data, StudyDocument* document) {
  const bool cosine = kind == "cosine";
  const Separation& observed = test.observed;
  StudyResult within = SideResult(kind + ".within", observed.within, data);
  StudyResult across = SideResult(kind + ".across", observed.across, data);
  StudyResult gap = UnitResult(kind + ".gap", data);
  gap.estimate = observed.gap;
  gap.p = test.p;
  SetInterval(test.gap_interval, &gap);
  StudyResult d = UnitResult(kind + ".d", data);
  d.estimate = observed.d;
  if (observed.d) d.p = test.p;
  SetInterval(test.d_interval, &d);
  if (cosine) {
    within.published = PublishedSignature(0.8435);
    across.published = PublishedSignature(0.6225);
    d.published = PublishedSignature(1.44);
  }
  for (StudyResult* one : {&within, &across, &gap, &d}) {
    document->results.push_back(std::move(*one));
  }
}

void AddLayers(const LayerSeparations& layers, const SignatureData& data,
               StudyDocument* document) {
  for (const LayerSeparation& layer : layers.layers) {
    StudyResult d = UnitResult("layer.d", data);
    d.layer = layer.layer;
    if (layer.separation) d.estimate = layer.separation->d;
    SetInterval(layer.d_interval, &d);
    d.p = layer.p;
    d.p_adjusted = layer.adjusted_p;
    document->results.push_back(std::move(d));
  }
  StudyResult trend = UnitResult("depth.rho", data);
  if (layers.trend) {
    trend.estimate = layers.trend->rho;
    trend.p = layers.trend->p;
    SetInterval(layers.trend->interval, &trend);
  }
  document->results.push_back(std::move(trend));
}

Json MatrixJson(const SimilarityMatrix& matrix) {
  Json rows = Json::array();
  for (size_t i = 0; i < matrix.units; ++i) {
    Json row = Json::array();
    for (size_t j = 0; j < matrix.units; ++j) row.push_back(matrix.at(i, j));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

void AddSeparation(const SignatureData& data, const SignatureOptions& options,
                   StudyDocument* document) {
  const UnitResamples resamples = ResampleUnits(data.labels, options.seed);
  const LabelPermutations permutations =
      PermuteLabels(data.labels, options.seed, options.permutations);
  const SimilarityMatrix cosine = CosineSimilarity(data.matrix);
  const SimilarityMatrix divergence =
      DivergenceSimilarity(data.matrix, options.threads);
  document->signatures["similarity"] = MatrixJson(cosine);
  for (const auto& [kind, matrix] :
       {std::pair("cosine", &cosine), std::pair("js", &divergence)}) {
    const auto test = TestSeparation(*matrix, data.labels, resamples,
                                     permutations, options.threads);
    if (!test) continue;
    AddTest(kind, *test, data, document);
    if (!test->observed.d) document->Warn(true, "equal-similarities");
  }
  AddLayers(SeparateLayers(data.matrix, data.labels, resamples, permutations,
                           options.threads),
            data, document);
}

}  // namespace moetap
