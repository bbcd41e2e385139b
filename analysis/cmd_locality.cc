#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/progress.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/locality.h"
#include "analysis/study_options.h"
#include "analysis/trace.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  std::filesystem::path csv;
  bool json = false;
  LocalityOptions study;
};

int RunLocalityCommand(const Options& options) {
  std::vector<Trace> traces;
  std::vector<StudyInput> inputs;
  for (const auto& path : options.captures) {
    const Capture capture = ReadCapture(path);
    traces.push_back(BuildTrace(capture));
    for (StudyInput& input : InputsOf(capture)) {
      inputs.push_back(std::move(input));
    }
  }
  const LocalityPlan plan = PlanLocality(traces, options.study);
  fmt::print(stderr, "locality: counting {}\n", DescribePlan(plan));
  Progress progress("pairs", plan.pairs);
  const StudyDocument document =
      RunLocality(plan, std::move(inputs),
                  [&progress](uint64_t pairs) { progress.Add(pairs); });
  if (options.json) {
    fmt::print("{}\n", ToJson(document).dump(1));
  } else {
    fmt::print("{}", LocalityText(document));
  }
  if (!options.csv.empty()) WriteCsv(document, options.csv);
  return ExitStatus(document);
}

}  // namespace

void AddLocalityCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "locality", "How alike the experts of aligned tokens on branches are");
  verb->group("Study");
  verb->footer(
      "Example: moetap locality run1 --csv figures\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  verb->add_option("CAPTURE", options->captures,
                   "Capture directories or files, of one model")
      ->required();
  verb->add_flag("--json", options->json,
                 "Print JSON as docs/study.schema.json defines it");
  verb->add_option("--csv", options->csv, "Also write locality.csv into DIR")
      ->type_name("DIR");
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    *run = [options] { return RunLocalityCommand(*options); };
  });
}

}  // namespace moetap
