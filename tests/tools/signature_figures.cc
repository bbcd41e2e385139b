// The statistics of the study "signatures" on figures given as JSON, for tests
// that compare them with an independent computation.
//
// Standard input is a list of questions {"kind", ...}, the output a list of
// answers, null where a function returns nothing:
//   cosine, block_cosine ("block"), divergence     similarities of "matrix"
//   separation    TestSeparation of "similarity", or of the cosine of "matrix"
//   layers        SeparateLayers of "matrix"
//   sides         CohensD of "within" and "across": [pairs, mean, deviation]
//   components    FindPrincipalComponents of "matrix"
//   embedding     EmbedNeighbours of the cosine of "matrix"
//   spearman      of "a" and "b"
//   interval      BiasCorrectedInterval of "estimate" and "values"
// "matrix": {"blocks": [[layer, experts]], "rows": [[share]]}; "similarity":
// rows.  Those with random numbers need "labels" and take "seed" (0),
// "replicates" (1000), "permutations" (999) and "threads" (1).
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/layer_separation.h"
#include "analysis/studies/signatures/neighbour_embedding.h"
#include "analysis/studies/signatures/principal_components.h"
#include "analysis/studies/signatures/rank_correlation.h"
#include "analysis/studies/signatures/separation.h"
#include "analysis/studies/signatures/similarity.h"
#include "analysis/studies/signatures/unit_resamples.h"

namespace moetap {
namespace {

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::vector<double> Flat(const Json& rows) {
  std::vector<double> values;
  for (const Json& row : rows) {
    for (const Json& value : row) values.push_back(value);
  }
  return values;
}

SignatureMatrix ReadMatrix(const Json& json) {
  SignatureMatrix matrix;
  for (const Json& block : json.at("blocks")) {
    const uint32_t experts = block.at(1);
    matrix.blocks.push_back({block.at(0), experts, 1, matrix.features});
    matrix.features += experts;
  }
  matrix.values = Flat(json.at("rows"));
  return matrix;
}

SimilarityMatrix ReadSimilarity(const Json& question) {
  if (question.contains("matrix")) {
    return CosineSimilarity(ReadMatrix(question.at("matrix")));
  }
  const Json& rows = question.at("similarity");
  return {rows.size(), Flat(rows)};
}

Json SimilarityJson(const SimilarityMatrix& similarity) {
  Json rows = Json::array();
  for (size_t i = 0; i < similarity.units; ++i) {
    const auto begin = similarity.values.begin() + i * similarity.units;
    rows.push_back(std::vector<double>(begin, begin + similarity.units));
  }
  return rows;
}

Json IntervalJson(const std::optional<BootstrapInterval>& interval) {
  if (!interval) return nullptr;
  return {{"lo", interval->lo},
          {"hi", interval->hi},
          {"replicates", interval->replicates},
          {"skipped", interval->skipped}};
}

Json SideJson(const PairSide& side) {
  return {side.pairs, side.mean, side.deviation};
}

Json SeparationJson(const std::optional<Separation>& separation) {
  if (!separation) return nullptr;
  return {{"within", SideJson(separation->within)},
          {"across", SideJson(separation->across)},
          {"gap", separation->gap},
          {"d", OrNull(separation->d)}};
}

// What a question with random numbers says.
struct Randomness {
  explicit Randomness(const Json& question)
      : labels(question.at("labels").get<std::vector<uint32_t>>()),
        threads(question.value("threads", 1u)) {
    const uint64_t seed = question.value("seed", uint64_t{0});
    resamples =
        ResampleUnits(labels, seed, question.value("replicates", 1000u));
    permutations =
        PermuteLabels(labels, seed, question.value("permutations", 999u));
  }

  std::vector<uint32_t> labels;
  unsigned threads;
  UnitResamples resamples;
  LabelPermutations permutations;
};

Json SeparationTestJson(const Json& question) {
  const Randomness random(question);
  const auto test =
      TestSeparation(ReadSimilarity(question), random.labels, random.resamples,
                     random.permutations, random.threads);
  if (!test) return nullptr;
  return {{"observed", SeparationJson(test->observed)},
          {"gap_interval", IntervalJson(test->gap_interval)},
          {"d_interval", IntervalJson(test->d_interval)},
          {"p", test->p}};
}

Json LayersJson(const Json& question) {
  const Randomness random(question);
  const LayerSeparations result =
      SeparateLayers(ReadMatrix(question.at("matrix")), random.labels,
                     random.resamples, random.permutations, random.threads);
  Json layers = Json::array();
  for (const LayerSeparation& layer : result.layers) {
    layers.push_back({{"layer", layer.layer},
                      {"separation", SeparationJson(layer.separation)},
                      {"d_interval", IntervalJson(layer.d_interval)},
                      {"p", OrNull(layer.p)},
                      {"adjusted_p", OrNull(layer.adjusted_p)}});
  }
  Json trend;
  if (result.trend) {
    trend = {{"layers", result.trend->layers},
             {"rho", result.trend->rho},
             {"interval", IntervalJson(result.trend->interval)},
             {"p", result.trend->p}};
  }
  return {{"layers", layers}, {"trend", trend}};
}

PairSide ReadSide(const Json& json) {
  return {json.at(0), json.at(1), json.at(2)};
}

Json ComponentsJson(const Json& question) {
  const auto result =
      FindPrincipalComponents(ReadMatrix(question.at("matrix")));
  if (!result) return nullptr;
  return {{"coordinates", result->coordinates},
          {"explained", result->explained}};
}

Json EmbeddingJson(const Json& question) {
  const auto start = FindPrincipalComponents(ReadMatrix(question.at("matrix")));
  if (!start) return nullptr;
  const auto result = EmbedNeighbours(ReadSimilarity(question), *start,
                                      question.value("threads", 1u));
  if (!result) return nullptr;
  return {{"perplexity", result->perplexity},
          {"divergence", result->divergence},
          {"coordinates", result->coordinates}};
}

Json BootstrapJson(const Json& question) {
  std::vector<std::optional<double>> values;
  for (const Json& value : question.at("values")) {
    values.emplace_back();
    if (!value.is_null()) values.back() = value.get<double>();
  }
  return IntervalJson(BiasCorrectedInterval(question.at("estimate"), values));
}

Json SimilarityAnswer(const std::string& kind, const Json& question) {
  const SignatureMatrix matrix = ReadMatrix(question.at("matrix"));
  if (kind == "cosine") return SimilarityJson(CosineSimilarity(matrix));
  if (kind == "block_cosine") {
    return SimilarityJson(BlockCosineSimilarity(matrix, question.at("block")));
  }
  return SimilarityJson(
      DivergenceSimilarity(matrix, question.value("threads", 1u)));
}

Json Answer(const Json& question) {
  const std::string kind = question.at("kind");
  if (kind == "separation") return SeparationTestJson(question);
  if (kind == "layers") return LayersJson(question);
  if (kind == "sides") {
    return OrNull(CohensD(ReadSide(question.at("within")),
                          ReadSide(question.at("across"))));
  }
  if (kind == "components") return ComponentsJson(question);
  if (kind == "embedding") return EmbeddingJson(question);
  if (kind == "spearman") {
    return OrNull(Spearman(question.at("a").get<std::vector<double>>(),
                           question.at("b").get<std::vector<double>>()));
  }
  if (kind == "interval") return BootstrapJson(question);
  return SimilarityAnswer(kind, question);
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
