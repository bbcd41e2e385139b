#include "analysis/studies/signatures/signatures.h"

#include <algorithm>
#include <utility>

#include "analysis/studies/same_layers.h"
#include "analysis/studies/signatures/cross_validation.h"
#include "analysis/studies/signatures/signature_data.h"
#include "analysis/studies/signatures/signature_results.h"

namespace moetap {
namespace {

// From here on, intervals are for the population of a class's prompts.
constexpr size_t kUnitsForInterval = 10;

Json UnitsJson(const SignatureData& data) {
  Json units = Json::array();
  for (size_t u = 0; u < data.units.units.size(); ++u) {
    const SignatureUnit& unit = data.units.units[u];
    units.push_back({{"name", unit.name},
                     {"label", unit.label},
                     {"requests", unit.requests()},
                     {"rows", data.lengths[u]}});
  }
  return units;
}

Json LeftOutJson(const SignatureUnits& units) {
  Json left_out = Json::array();
  for (const LeftOut& one : units.left_out) {
    left_out.push_back(
        {{"request", one.request}, {"why", LeftOutReasonName(one.reason)}});
  }
  return left_out;
}

void AddLeftOut(const SignatureUnits& units, StudyDocument* document) {
  for (const LeftOutReason reason :
       {LeftOutReason::kUnlabelled, LeftOutReason::kAmbiguous,
        LeftOutReason::kConflicting, LeftOutReason::kMissing,
        LeftOutReason::kEmpty}) {
    const auto count = std::count_if(
        units.left_out.begin(), units.left_out.end(),
        [reason](const LeftOut& one) { return one.reason == reason; });
    std::string name = LeftOutReasonName(reason);
    std::replace(name.begin(), name.end(), '-', '_');
    document->units.emplace_back(name + "_requests",
                                 static_cast<uint64_t>(count));
  }
  document->Warn(document->unit("unlabelled_requests") > 0, "unlabelled");
  document->Warn(document->unit("ambiguous_requests") > 0 ||
                     document->unit("conflicting_requests") > 0,
                 "ambiguous-labels");
  document->Warn(document->unit("missing_rows_requests") > 0,
                 "requests-with-missing-rows");
}

void AddUnits(const SignatureData& data, StudyDocument* document) {
  uint64_t requests = 0;
  for (const SignatureUnit& unit : data.units.units) {
    requests += unit.requests();
  }
  document->units = {{"units", data.units.units.size()},
                     {"classes", data.classes()},
                     {"smallest_class", data.smallest_class()},
                     {"requests", requests},
                     {"units_not_drawn", data.not_drawn}};
  AddLeftOut(data.units, document);
  document->Warn(data.not_drawn > 0, "units-drawn");
}

// Why nothing can be computed, or "".
std::string Obstacle(const SignatureData& data) {
  if (data.classes() == 0) return "no-labels";
  if (data.classes() == 1) return "one-class";
  return data.smallest_class() < kSignatureFolds ? "too-few-units" : "";
}

StudyDocument Begin(const SignatureOptions& options,
                    std::vector<StudyInput> inputs) {
  StudyDocument document;
  document.study = "signatures";
  document.definitions = {"row@1",           "unit.signature@1", "signature@1",
                          "similarity@1",    "separation@1",     "layers.max@1",
                          "classifier@1",    "rivals@1",         "nulls@1",
                          "controls@1",      "balance@1",        "projection@1",
                          "interval.units@1"};
  document.options = {{"phase", PhaseName(options.phase)},
                      {"permutations", options.permutations},
                      {"refits", options.refits},
                      {"most_units", options.most_units}};
  document.seed = options.seed;
  document.inputs = std::move(inputs);
  return document;
}

}  // namespace

Published PublishedSignature(double value) {
  return {value, false,
          "another model (OLMoE-1B-7B-0125-Instruct, 16 layers, 64 experts, "
          "top-8) and other prompts (80 of four tasks)"};
}

std::vector<Folds> SignatureFolds(const SignatureData& data,
                                  const SignatureOptions& options) {
  return RepeatedFolds(data.labels, static_cast<uint32_t>(data.classes()),
                       kSignatureFolds, kSignatureRepeats, options.seed)
      .value();
}

Folds FirstFolds(const SignatureData& data, const SignatureOptions& options) {
  return StratifiedFolds(data.labels, static_cast<uint32_t>(data.classes()),
                         kSignatureFolds, 0, options.seed)
      .value();
}

double ShareRight(std::span<const uint32_t> predicted,
                  std::span<const uint32_t> labels) {
  size_t right = 0;
  for (size_t u = 0; u < labels.size(); ++u) right += predicted[u] == labels[u];
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

bool HasTokenIds(const SignatureData& data) {
  return std::all_of(data.traces.begin(), data.traces.end(),
                     [](const Trace& trace) { return trace.has_token_ids; });
}

StudyResult UnitResult(std::string name, const SignatureData& data) {
  StudyResult result;
  result.name = std::move(name);
  result.unit = "unit";
  result.n_units = data.units.units.size();
  return result;
}

StudyDocument RunSignatures(std::span<const Trace> traces,
                            const SignatureOptions& options,
                            std::vector<StudyInput> inputs,
                            const std::function<void()>& progress) {
  for (const Trace& trace : traces) RequireSameLayers(traces.front(), trace);
  StudyDocument document = Begin(options, std::move(inputs));
  const SignatureData data = LoadSignatureData(traces, options);
  progress();
  document.signatures = {{"labels", data.units.labels},
                         {"units", UnitsJson(data)},
                         {"left_out", LeftOutJson(data.units)}};
  AddUnits(data, &document);
  document.WarnOfLosses();
  document.reason = Obstacle(data);
  if (!document.reason.empty()) {
    document.status = StudyStatus::kNotComputable;
    return document;
  }
  AddSeparation(data, options, &document);
  progress();
  AddClassifier(data, options, &document);
  progress();
  AddNulls(data, options, &document);
  progress();
  AddControls(data, options, &document);
  progress();
  AddBalance(data, options, &document);
  AddProjections(data, options, &document);
  progress();
  document.Warn(data.smallest_class() < kUnitsForInterval, "few-units");
  return document;
}

}  // namespace moetap
