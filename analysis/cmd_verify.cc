#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/load_trace.h"
#include "analysis/output.h"
#include "analysis/verify/verify.h"

namespace moetap {
namespace {

struct Options {
  std::string capture;
  bool json = false;
};

struct Tally {
  size_t errors = 0;  // rules, not offences
  size_t warnings = 0;
};

Tally Count(const std::vector<VerifyResult>& results) {
  Tally tally;
  for (const VerifyResult& result : results) {
    if (result.count == 0) continue;
    tally.errors += result.rule->level == Level::kError;
    tally.warnings += result.rule->level == Level::kWarning;
  }
  return tally;
}

void PrintJson(const std::vector<VerifyResult>& results, Output* out) {
  const Tally tally = Count(results);
  nlohmann::ordered_json json;
  json["schema_version"] = 1;
  json["status"] = tally.errors > 0     ? "errors"
                   : tally.warnings > 0 ? "warnings"
                                        : "ok";
  json["errors"] = tally.errors;
  json["warnings"] = tally.warnings;
  json["rules"] = nlohmann::ordered_json::array();
  for (const VerifyResult& result : results) {
    nlohmann::ordered_json rule;
    rule["rule"] = result.rule->name;
    rule["level"] = LevelName(result.rule->level);
    rule["least_rows"] = result.rule->least_rows;
    rule["count"] = result.count;
    rule["place"] = result.place;
    rule["skipped"] = result.skipped;
    rule["text"] = result.rule->text;
    json["rules"].push_back(std::move(rule));
  }
  out->Write(
      json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
  out->Write("\n");
}

void PrintText(const std::vector<VerifyResult>& results, Output* out) {
  out->Print("{:<8} {:<20} {:<8} {:>10} {:>10}  {}\n", "result", "rule",
             "level", "least rows", "count", "first place");
  for (const VerifyResult& result : results) {
    const bool offends = result.count > 0 && result.rule->level != Level::kInfo;
    const char* outcome = offends                   ? "FOUND"
                          : !result.skipped.empty() ? "skipped"
                                                    : "ok";
    const std::string& note = result.count > 0 ? result.place : result.skipped;
    out->Print("{:<8} {:<20} {:<8} {:>10} {:>10}  {}\n", outcome,
               result.rule->name, LevelName(result.rule->level),
               result.rule->least_rows, result.count, Printable(note));
  }
  const Tally tally = Count(results);
  for (const VerifyResult& result : results) {
    if (result.count == 0 || result.rule->level == Level::kInfo) continue;
    out->Print("{}: {}: {} ({})\n", LevelName(result.rule->level),
               result.rule->name, result.rule->text, Printable(result.place));
  }
  out->Print("{} rules with errors, {} with warnings\n", tally.errors,
             tally.warnings);
}

int RunVerify(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  const TraceOrError trace = TryBuildTrace(capture);
  const auto results = Verify(capture, trace.get(), trace.error);
  Output out("-");
  if (options.json) {
    PrintJson(results, &out);
  } else {
    PrintText(results, &out);
  }
  out.Close();
  return VerifyStatus(results);
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "verify", "Check a capture for damage, loss and silent failure");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Exit status: 0 no finding, 3 warnings only, 1 errors.\n"
      "Example: moetap verify run1");
  command->callback(
      [run, options] { *run = [options] { return RunVerify(*options); }; });
}

}  // namespace moetap
