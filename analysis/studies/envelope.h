// The one document every study returns, and its JSON form, which
// docs/study.schema.json describes.
#ifndef MOETAP_ANALYSIS_STUDIES_ENVELOPE_H_
#define MOETAP_ANALYSIS_STUDIES_ENVELOPE_H_

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/capture.h"
#include "analysis/studies/intervals.h"

namespace moetap {

// The version of docs/study.schema.json.
inline constexpr int kStudySchemaVersion = 2;

using Json = nlohmann::ordered_json;

struct Published {
  double value = 0;
  bool matches = false;  // whether it was measured on what we measured
  std::string why;
};

// An absent number is null in JSON; none is ever NaN.
struct StudyResult {
  std::string name;
  std::optional<uint32_t> layer;  // as the model numbers it; absent: all
  std::string weight;             // "row", "leaf", "tree"; "": has none
  std::string dimension;          // of a breakdown, "distance", ...; "": none
  std::string value;              // in it
  std::optional<double> estimate;
  std::optional<double> lo;  // 95 % interval by `method`
  std::optional<double> hi;
  std::string method = "none";
  std::string unit;                   // of the interval
  uint64_t n_units = 0;               // how many of them
  std::optional<double> n_effective;  // EffectiveUnits; absent: not weighed
  std::optional<BootstrapInterval> bootstrap;
  std::optional<double> deviation;   // of what the estimate averages
  std::optional<double> p;           // by permutation
  std::optional<double> p_adjusted;  // for all layers at once
  std::string verdict;  // "found", "absent", ...; "": the figure has none
  std::vector<std::pair<std::string, std::optional<double>>> baselines;
  std::optional<Published> published;
  std::optional<uint64_t> pairs;        // that the estimate averages
  std::vector<uint64_t> intersections;  // pairs by size of the intersection
};

struct StudyInput {
  std::string uuid;     // 32 hex digits
  uint64_t rows = 0;    // token-layers captured
  uint64_t drops = 0;   // token-layers lost
  bool losses = false;  // drops, damage or missing blocks
};

enum class StudyStatus : uint8_t { kOk, kDescriptive, kNotComputable };

struct StudyDocument {
  std::string study;
  std::vector<std::string> definitions;  // name@version, docs/studies.md
  Json options = Json::object();
  std::optional<uint64_t> seed;  // absent: nothing is random
  std::vector<StudyInput> inputs;
  std::vector<std::pair<std::string, uint64_t>> units;
  std::vector<StudyResult> results;
  StudyStatus status = StudyStatus::kOk;
  std::string reason;                 // a code of reasons.h, or ""
  std::vector<std::string> warnings;  // codes of reasons.h
  Json trees;                         // of the study "tree", else null
  Json signatures;                    // of "signatures", else null

  uint64_t unit(std::string_view name) const;  // 0 if it is not there
  // Adds the warning of the code if it holds.
  void Warn(bool if_so, const char* code);
  // If an input has losses.
  void WarnOfLosses();
  // The result that is no part of a breakdown and has weight "row" or none.
  const StudyResult* Find(std::string_view name,
                          std::optional<uint32_t> layer = {}) const;
};

// ", effectively 4.7": what belongs behind n_units if n_effective is more than
// a tenth less; else "".
std::string EffectiveNote(const StudyResult& result);

Json ToJson(const StudyDocument& document);

// 0; 3 if the document is descriptive only or an input has losses; 1 if
// nothing could be computed.
int ExitStatus(const StudyDocument& document);

// One input for each file of the capture.
std::vector<StudyInput> InputsOf(const Capture& capture);

// Writes `<directory>/<study>.csv`, one line per result.  Makes the directory;
// throws Error if that fails.
void WriteCsv(const StudyDocument& document,
              const std::filesystem::path& directory);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ENVELOPE_H_
