#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/output.h"
#include "analysis/recover/plan.h"
#include "analysis/recover/write.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string capture;
  std::string directory;
  bool json = false;
};

// A new directory inside the capture would change it.
void RefuseInside(const fs::path& capture, const fs::path& directory) {
  std::error_code error;
  const fs::path input = fs::weakly_canonical(capture, error);
  const fs::path output =
      fs::weakly_canonical(fs::absolute(directory, error), error);
  const auto [end, unused] =
      std::mismatch(input.begin(), input.end(), output.begin(), output.end());
  if (end != input.end()) return;
  throw Error(fmt::format(
      "{}: lies in the capture, which is never changed; choose another place "
      "with -o",
      Printable(directory.string())));
}

nlohmann::ordered_json FileJson(const RecoveredFile& file) {
  nlohmann::ordered_json json;
  json["name"] = file.name;
  json["file_uuid"] = Hex(file.uuid);
  json["blocks"] = file.blocks.size();
  json["ring_blocks"] = file.ring.size();
  json["rows"] = file.stored_rows;
  json["lost_rows"] = file.lost_rows();
  json["dropped_rows"] = file.counters.dropped_rows;
  json["dropped_records"] = file.counters.dropped_records;
  json["missing"] = nlohmann::ordered_json::array();
  for (const MissingBlocks& gap : file.missing) {
    json["missing"].push_back({gap.first, gap.last});
  }
  return json;
}

void PrintJson(const RecoveryPlan& plan, const Options& options, uint64_t bytes,
               Output* out) {
  nlohmann::ordered_json json;
  json["schema_version"] = 1;
  json["status"] = plan.files.empty() ? "nothing"
                   : plan.lossy()     ? "losses"
                                      : "whole";
  json["output"] = plan.files.empty() ? "" : options.directory;
  json["bytes"] = bytes;
  json["blocks"] = plan.blocks();
  json["files"] = nlohmann::ordered_json::array();
  for (const RecoveredFile& file : plan.files) {
    json["files"].push_back(FileJson(file));
  }
  json["losses"] = nlohmann::ordered_json::array();
  for (const Loss& loss : plan.losses) {
    nlohmann::ordered_json item;
    item["file"] = loss.file;
    item["of"] = loss.ring ? "ring" : "file";
    item["begin"] = loss.begin;
    item["end"] = loss.end;
    item["why"] = loss.why;
    json["losses"].push_back(std::move(item));
  }
  out->Write(
      json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
  out->Write("\n");
}

void PrintFile(const RecoveredFile& file, Output* out) {
  out->Print("{}: {} blocks, {} more from its ring, {} token-layers\n",
             file.name, file.blocks.size(), file.ring.size(), file.stored_rows);
  for (const MissingBlocks& gap : file.missing) {
    out->Print("lost: {}: blocks {} to {}\n", file.name, gap.first, gap.last);
  }
  if (file.lost_rows() > 0) {
    out->Print("lost: {}: {} token-layers by the counters\n", file.name,
               file.lost_rows());
  }
  const Counters& c = file.counters;
  if (c.dropped_rows + c.dropped_records > 0) {
    out->Print("lost: {}: {} token-layers, {} other records when recorded\n",
               file.name, c.dropped_rows, c.dropped_records);
  }
}

void PrintText(const RecoveryPlan& plan, const Options& options, uint64_t bytes,
               Output* out) {
  for (const Loss& loss : plan.losses) {
    out->Print("lost: {}, {} {} to {}: {}\n", Printable(loss.file),
               loss.ring ? "positions" : "bytes", loss.begin, loss.end,
               loss.why);
  }
  for (const RecoveredFile& file : plan.files) PrintFile(file, out);
  if (plan.files.empty()) return;
  out->Print("{}: {} files, {} blocks, {} bytes{}\n",
             Printable(options.directory), plan.files.size(), plan.blocks(),
             bytes, plan.lossy() ? "; not whole" : "");
}

int Recover(const Options& options) {
  RefuseInside(options.capture, options.directory);
  const RecoveryPlan plan = PlanRecovery(options.capture);
  const uint64_t bytes =
      plan.files.empty() ? 0 : WriteRecovered(plan, options.directory);
  Output out("-");
  if (options.json) {
    PrintJson(plan, options, bytes, &out);
  } else {
    PrintText(plan, options, bytes, &out);
  }
  out.Close();
  if (plan.files.empty()) {
    throw Error(fmt::format("{}: holds no intact block: nothing to recover",
                            Printable(options.capture)));
  }
  return plan.lossy() ? kExitLosses : kExitOk;
}

}  // namespace

void AddRecoverCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "recover", "Write what is intact of a damaged capture into a new one");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command
      ->add_option("-o", options->directory,
                   "Directory to write to, which must not be there yet")
      ->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Rings that killed processes left are written down as well.  The input "
      "is never changed.\n"
      "Exit status: 0 whole, 3 with losses, all of them listed, 1 nothing to "
      "recover.\n"
      "Example: moetap recover run1 -o run1-recovered");
  command->callback(
      [run, options] { *run = [options] { return Recover(*options); }; });
}

}  // namespace moetap
