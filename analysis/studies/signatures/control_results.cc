#include <numeric>
#include <utility>

#include "analysis/studies/signatures/controls.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/signatures/separation.h"
#include "analysis/studies/signatures/signature_results.h"

namespace moetap {
namespace {

StudyResult Named(std::string name, const SignatureData& data,
                  std::optional<double> estimate) {
  StudyResult result = UnitResult(std::move(name), data);
  result.estimate = estimate;
  return result;
}

void AddD(const std::string& name, const SignatureData& data,
          const SignatureOptions& options, StudyDocument* document) {
  const SimilarityMatrix similarity = CosineSimilarity(data.matrix);
  const auto observed = Separate(similarity, data.labels);
  StudyResult result = Named(name + ".d", data, std::nullopt);
  if (observed && observed->d) {
    result.estimate = observed->d;
    const auto permuted = PermuteSeparation(
        similarity,
        PermuteLabels(data.labels, options.seed, options.permutations),
        options.threads);
    result.p = PermutationP(observed->gap, Gaps(permuted));
  }
  document->results.push_back(std::move(result));
}

void AddAccuracy(const std::string& name, const SignatureData& data,
                 const Folds& folds, StudyDocument* document) {
  const OutOfFold out =
      PredictFolds(DenseFeatures(AllFeatures(data.matrix)), data.labels, folds);
  document->results.push_back(
      Named(name + ".accuracy", data,
            ShareRight(out.predicted.front(), data.labels)));
}

// Without what all prompts begin and end with.
void AddCommon(const SignatureData& data, const SignatureOptions& options,
               StudyDocument* document) {
  const CommonParts common = FindCommonParts(data.traces, data.units.units);
  document->units.emplace_back("common_prefix_tokens", common.prefix);
  document->units.emplace_back("common_suffix_tokens", common.suffix);
  if (common.prefix + common.suffix == 0) return;
  SignatureData rest = data;
  rest.matrix = CountAgain(
      data,
      [common](const Sequence& sequence) {
        return WithoutCommonParts(sequence, common);
      },
      options.threads);
  AddD("control.without_common", rest, options, document);
  AddAccuracy("control.without_common", rest, FirstFolds(rest, options),
              document);
}

void AddMatched(const SignatureData& data, const SignatureOptions& options,
                StudyDocument* document) {
  const auto units = MatchLengths(data.lengths, data.labels, data.classes());
  document->units.emplace_back("length_matched_units", units.size());
  const std::string name = "control.length_matched";
  if (units.size() < kSignatureFolds * data.classes()) {
    document->Warn(true, "few-matched-units");
    return;
  }
  const SignatureData matched = TakeUnits(data, units);
  AddD(name, matched, options, document);
  AddAccuracy(name, matched, FirstFolds(matched, options), document);
}

}  // namespace

void AddControls(const SignatureData& data, const SignatureOptions& options,
                 StudyDocument* document) {
  if (options.phase == Phase::kPrompt) AddCommon(data, options, document);
  AddMatched(data, options, document);
  if (!data.has_groups()) return;
  AddAccuracy("control.template_left_out", data,
              LeaveOneOutFolds(static_cast<uint32_t>(data.labels.size())),
              document);
}

}  // namespace moetap
