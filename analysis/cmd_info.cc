#include <fmt/format.h>

#include <ctime>
#include <initializer_list>
#include <memory>
#include <string>

#include "analysis/capture.h"
#include "analysis/capture_summary.h"
#include "analysis/commands.h"
#include "analysis/load_trace.h"
#include "analysis/output.h"

namespace moetap {
namespace {

struct Options {
  std::string capture;
  bool json = false;
};

std::string TimeText(uint64_t ns) {
  if (ns == 0) return "unknown";
  const auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

// One line with those of these facts that the file has.
void PrintFacts(const CaptureFile& file,
                std::initializer_list<const char*> keys, Output* out) {
  std::string text;
  for (const char* key : keys) {
    const std::string value = file.fact(key);
    if (value.empty()) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", key, Printable(value));
  }
  if (!text.empty()) out->Print("    {}\n", text);
}

void PrintFile(const CaptureFile& file, Output* out) {
  out->Print("  {}: {} bytes, {} blocks, {} token-layers\n",
             Printable(file.path.filename().string()), file.bytes,
             file.blocks.size(), file.counters.rows);
  PrintFacts(file, {"process", "pid", "role"}, out);
  PrintFacts(file,
             {"engine", "engine_version", "runner", "architecture", "dtype",
              "quantization"},
             out);
  PrintFacts(file,
             {"num_layers", "moe_layers", "tp_rank", "tp_size", "pp_rank",
              "pp_size", "dp_rank", "dp_size"},
             out);
  if (file.ring_found) {
    out->Print("    {}\n", file.writer_alive
                               ? "its process still writes"
                               : "its process was killed; ring read");
  }
  if (file.missing_blocks > 0) {
    out->Print("    {} blocks are missing\n", file.missing_blocks);
  }
  for (const SkippedRegion& region : file.skipped) {
    out->Print("    skipped bytes {} to {}: {}\n", region.begin, region.end,
               region.message);
  }
}

void PrintCost(const CaptureCost& cost, Output* out) {
  const auto print = [&](const char* label, uint64_t ns, const char* what) {
    out->Print("{:<12}{:.3f} ms {}, {:.1f} ns per token-layer\n", label,
               static_cast<double>(ns) / 1e6, what, PerRow(ns, cost));
  };
  print("cost", cost.cost.engine_ns, "in hooks on the engine's threads");
  print("", cost.cost.shim_ns, "in the engine's shim");
  print("", cost.cost.writer_ns, "of CPU on the writer thread");
  if (cost.stalls > 0) {
    out->Print("{:<12}{} waits for room in the ring\n", "", cost.stalls);
  }
}

void PrintTotals(const CaptureTotals& totals, Output* out) {
  const Counters& c = totals.counters;
  out->Print("rows        {} token-layers in {} dispatches\n", c.rows,
             c.dispatches);
  out->Print(
      "lost        {} token-layers, {} other records dropped; {} "
      "blocks missing\n",
      c.dropped_rows, c.dropped_records, totals.missing_blocks);
  if (totals.file_rows > 0) {
    out->Print(
        "size        {} bytes, {:.2f} per token-layer, compressed "
        "{:.1f} times\n",
        totals.bytes,
        static_cast<double>(totals.bytes) /
            static_cast<double>(totals.file_rows),
        static_cast<double>(totals.raw_bytes) /
            static_cast<double>(totals.bytes));
  }
  if (totals.cost) PrintCost(*totals.cost, out);
  out->Print("time        {} to {}\n", TimeText(totals.first_ns),
             TimeText(totals.last_ns));
}

void PrintTrace(const Trace& trace, Output* out) {
  const Provenance p = CountProvenance(trace);
  const TraceStats& s = trace.stats;
  out->Print("model       {}, {} MoE layers",
             trace.model.empty() ? "unknown" : Printable(trace.model),
             trace.layers.size());
  if (!trace.layers.empty()) {
    out->Print(", {} experts, top-{}", trace.layers.front().experts,
               trace.layers.front().k);
  }
  out->Print("\ntokens      {}\n", trace.has_token_ids
                                       ? "stored as ids"
                                       : "kept as prefix hashes only");
  out->Print("requests    {} with {} prompt and {} generated tokens\n",
             p.requests, p.prompt_tokens, p.generated_tokens);
  out->Print(
      "positions   {} observed, {} inherited, {} missing; {} "
      "unreturned\n",
      p.observed, p.inherited, p.missing, p.unreturned);
  out->Print(
      "executions  {}, of which {} replays ({} differing); {} "
      "discarded, {} dummy, {} padding, {} orphan, {} unannounced "
      "rows\n",
      s.executions, s.replays, s.replays_differing, s.discarded, s.dummy_rows,
      s.padding_rows, s.orphan_rows, s.unannounced_rows);
}

int Info(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  const TraceOrError trace = TryBuildTrace(capture);
  Output out("-");
  if (options.json) {
    out.Write(
        SummaryJson(capture, trace)
            .dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
    out.Write("\n");
  } else {
    out.Print("capture     {}\n", Printable(capture.path.string()));
    if (trace.get() != nullptr) PrintTrace(*trace.get(), &out);
    PrintTotals(CountTotals(capture), &out);
    out.Print("files       {}\n", capture.files.size());
    for (const CaptureFile& file : capture.files) PrintFile(file, &out);
    if (trace.get() == nullptr) out.Print("no trace: {}\n", trace.error);
  }
  out.Close();
  return HasLosses(capture) || trace.get() == nullptr ? kExitLosses : kExitOk;
}

}  // namespace

void AddInfoCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "info", "Say what a capture holds: processes, model, rows, losses");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer("Example: moetap info run1");
  command->callback(
      [run, options] { *run = [options] { return Info(*options); }; });
}

}  // namespace moetap
