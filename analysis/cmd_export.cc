#include <algorithm>
#include <memory>
#include <string>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/output.h"
#include "analysis/progress.h"
#include "analysis/trace.h"

namespace moetap {
namespace {

struct Options {
  std::string capture;
  std::string format = "csv";
  std::string output;
};

// RFC 4180: quoted if it holds a comma, a quote or a line break.
std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

void PrintPosition(const Trace& trace, const Sequence& sequence, uint32_t p,
                   const std::string& id, Output* out) {
  const Position& position = sequence.positions[p];
  const uint64_t token = sequence.tokens[p];
  const bool has_token = trace.has_token_ids && token != kUnknownToken;
  const std::string head = fmt::format(
      "{},{},{},{},{},", id, p, has_token ? std::to_string(token) : "",
      sequence.generated(p) ? "generated" : "prompt",
      SourceName(position.source));
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    out->Print("{}{},", head, trace.layers[l].number);
    if (position.row != kNone) {
      const char* blank = "";
      for (const uint16_t expert : trace.set(position.row, l)) {
        if (expert == kNoRoute) break;
        out->Print("{}{}", blank, expert);
        blank = " ";
      }
    }
    out->Write("\n");
  }
}

int Export(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  const Trace trace = BuildTrace(capture);
  Output out(options.output);
  Progress progress("exporting", trace.sequences.size());
  out.Write("request_id,position,token_id,phase,source,layer,experts\n");
  for (const Sequence& sequence : trace.sequences) {
    const std::string id = CsvField(sequence.id);
    for (uint32_t p = 0; p < sequence.positions.size(); ++p) {
      PrintPosition(trace, sequence, p, id, &out);
    }
    progress.Add(1);
  }
  out.Close();
  return HasLosses(capture) ? kExitLosses : kExitOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "export", "Write one line per effective row and layer as CSV");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command->add_option("--format", options->format, "Output format")
      ->check(CLI::IsMember({"csv"}))
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "File, or - for standard output")
      ->required();
  command->footer("Example: moetap export run1 --format csv -o rows.csv");
  command->callback(
      [run, options] { *run = [options] { return Export(*options); }; });
}

}  // namespace moetap
