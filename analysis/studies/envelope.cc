#include "analysis/studies/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/output.h"
#include "analysis/studies/reasons.h"

namespace moetap {
namespace {

Json Number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

Json ReasonJson(std::string_view code) {
  const Reason& reason = FindReason(code);
  return {{"code", reason.code}, {"text", reason.text}, {"next", reason.next}};
}

Json ResultJson(const StudyResult& result) {
  Json json = {{"name", result.name}};
  if (result.layer) json["layer"] = *result.layer;
  if (!result.weight.empty()) json["weight"] = result.weight;
  if (!result.dimension.empty()) {
    json["where"] = {{result.dimension, result.value}};
  }
  json["estimate"] = Number(result.estimate);
  json["lo"] = Number(result.lo);
  json["hi"] = Number(result.hi);
  json["method"] = result.method;
  json["unit"] = result.unit;
  json["n_units"] = result.n_units;
  if (result.n_effective) json["n_effective"] = *result.n_effective;
  if (result.bootstrap) {
    json["bootstrap"] = {{"lo", Number(result.bootstrap->lo)},
                         {"hi", Number(result.bootstrap->hi)},
                         {"replicates", result.bootstrap->replicates}};
  }
  if (result.deviation) json["deviation"] = Number(result.deviation);
  if (result.p) json["p"] = *result.p;
  if (result.p_adjusted) json["p_adjusted"] = *result.p_adjusted;
  if (!result.verdict.empty()) json["verdict"] = result.verdict;
  if (result.pairs) json["pairs"] = *result.pairs;
  if (!result.intersections.empty()) {
    json["intersections"] = result.intersections;
  }
  json["baselines"] = Json::object();
  for (const auto& [name, value] : result.baselines) {
    json["baselines"][name] = Number(value);
  }
  if (result.published) {
    json["published"] = {{"value", result.published->value},
                         {"matches", result.published->matches},
                         {"why", result.published->why}};
  }
  return json;
}

const char* StatusName(StudyStatus status) {
  switch (status) {
    case StudyStatus::kOk:
      return "ok";
    case StudyStatus::kDescriptive:
      return "descriptive";
    case StudyStatus::kNotComputable:
      return "not_computable";
  }
  return "";
}

std::string CsvNumber(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "";
}

// A breakdown's value may be a client's word.
std::string CsvText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::vector<std::string> BaselineNames(const StudyDocument& document) {
  std::vector<std::string> names;
  for (const StudyResult& result : document.results) {
    for (const auto& [name, value] : result.baselines) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

std::string CsvLine(const StudyResult& result,
                    const std::vector<std::string>& baselines) {
  std::string line =
      fmt::format("{},{},{},{},{},{},{},{},{},\"{}\",{},{},{}", result.name,
                  result.layer ? fmt::format("{}", *result.layer) : "",
                  result.weight, result.dimension, CsvText(result.value),
                  result.pairs ? fmt::format("{}", *result.pairs) : "",
                  CsvNumber(result.estimate), CsvNumber(result.lo),
                  CsvNumber(result.hi), result.method, result.unit,
                  result.n_units, CsvNumber(result.n_effective));
  for (const auto& value : {result.deviation, result.p, result.p_adjusted}) {
    line += ',' + CsvNumber(value);
  }
  for (const std::string& wanted : baselines) {
    line += ',';
    for (const auto& [name, value] : result.baselines) {
      if (name == wanted) line += CsvNumber(value);
    }
  }
  line += result.bootstrap ? fmt::format(",{},{}", result.bootstrap->lo,
                                         result.bootstrap->hi)
                           : ",,";
  line += ',' + result.verdict + ',';
  if (result.published) line += CsvNumber(result.published->value);
  return line;
}

}  // namespace

uint64_t StudyDocument::unit(std::string_view name) const {
  for (const auto& [key, value] : units) {
    if (key == name) return value;
  }
  return 0;
}

void StudyDocument::Warn(bool if_so, const char* code) {
  if (if_so) warnings.push_back(code);
}

void StudyDocument::WarnOfLosses() {
  Warn(std::any_of(inputs.begin(), inputs.end(),
                   [](const StudyInput& input) { return input.losses; }),
       "drops");
}

const StudyResult* StudyDocument::Find(std::string_view name,
                                       std::optional<uint32_t> layer) const {
  for (const StudyResult& result : results) {
    if (result.name != name || result.layer != layer) continue;
    if (!result.dimension.empty()) continue;
    if (result.weight.empty() || result.weight == "row") return &result;
  }
  return nullptr;
}

std::string EffectiveNote(const StudyResult& result) {
  const auto units = static_cast<double>(result.n_units);
  if (!result.n_effective || *result.n_effective >= 0.9 * units) return "";
  return fmt::format(", effectively {:.1f}", *result.n_effective);
}

Json ToJson(const StudyDocument& document) {
  Json json = {{"schema_version", kStudySchemaVersion},
               {"study", document.study},
               {"definitions", document.definitions},
               {"options", document.options}};
  json["seed"] = document.seed ? Json(*document.seed) : Json(nullptr);
  json["inputs"] = Json::array();
  for (const StudyInput& input : document.inputs) {
    json["inputs"].push_back(
        {{"uuid", input.uuid}, {"rows", input.rows}, {"drops", input.drops}});
  }
  json["units"] = Json::object();
  for (const auto& [name, value] : document.units) json["units"][name] = value;
  json["results"] = Json::array();
  for (const StudyResult& result : document.results) {
    json["results"].push_back(ResultJson(result));
  }
  json["status"] = StatusName(document.status);
  json["reason"] =
      document.reason.empty() ? Json(nullptr) : ReasonJson(document.reason);
  json["warnings"] = Json::array();
  for (const std::string& code : document.warnings) {
    json["warnings"].push_back(ReasonJson(code));
  }
  if (!document.trees.is_null()) json["trees"] = document.trees;
  if (!document.signatures.is_null()) {
    json["signatures"] = document.signatures;
  }
  return json;
}

int ExitStatus(const StudyDocument& document) {
  if (document.status == StudyStatus::kNotComputable) return kExitFailed;
  if (document.status == StudyStatus::kDescriptive) return kExitLosses;
  for (const StudyInput& input : document.inputs) {
    if (input.losses) return kExitLosses;
  }
  return kExitOk;
}

std::vector<StudyInput> InputsOf(const Capture& capture) {
  std::vector<StudyInput> inputs;
  for (const CaptureFile& file : capture.files) {
    StudyInput input;
    input.uuid = Hex(file.uuid);
    input.rows = file.counters.rows;
    input.drops = file.counters.dropped_rows;
    input.losses = input.drops > 0 || file.counters.dropped_records > 0 ||
                   file.missing_blocks > 0 || !file.skipped.empty();
    inputs.push_back(std::move(input));
  }
  return inputs;
}

void WriteCsv(const StudyDocument& document,
              const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const auto path = directory / (document.study + ".csv");
  std::ofstream out(path, std::ios::binary);
  const auto baselines = BaselineNames(document);
  out << "name,layer,weight,dimension,value,pairs,estimate,lo,hi,method,unit,"
         "n_units,n_effective,deviation,p,p_adjusted";
  for (const std::string& name : baselines) out << ',' << name;
  out << ",bootstrap_lo,bootstrap_hi,verdict,published\n";
  for (const StudyResult& result : document.results) {
    out << CsvLine(result, baselines) << '\n';
  }
  out.close();
  if (!out) {
    throw Error(path.string() +
                ": cannot be written; give --csv a directory you can write "
                "to, on a disk with room");
  }
}

}  // namespace moetap
