#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/expert_bytes.h"
#include "analysis/studies/sharing.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  InputOptions inputs;
  StudyOutput output;
  std::optional<uint64_t> expert_bytes;
  SharingOptions study;
};

int RunSharingCommand(const Options& options) {
  ServedSteps served;
  std::optional<uint64_t> expert_bytes = options.expert_bytes;
  const StudyInputs inputs = LoadStudyInputs(
      options.captures, options.inputs, [&](const Capture& capture) {
        served.Merge(CountServed(capture));
        if (!expert_bytes) expert_bytes = ExpertBytes(capture);
      });
  SharingOptions study = options.study;
  study.by_category = !options.inputs.category.empty();
  StudyDocument document =
      RunSharing(inputs.traces, served, expert_bytes, study, inputs.inputs);
  AddInputs(inputs, &document);
  return PrintStudy(document, SharingText, options.output);
}

}  // namespace

void AddSharingCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "sharing",
      "How many experts a decoding step touches, by what it batches");
  verb->group("Study");
  verb->footer(
      "Examples: moetap sharing run1 --csv figures\n"
      "          moetap sharing --manifest run.jsonl --category "
      "label.category run1\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  AddCapturesOption(verb, &options->captures);
  AddOutputOptions(verb, &options->output);
  verb->add_option("--batches", options->study.batches,
                   "Synthetic batches of each kind and size, at most")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  AddInputOptions(verb, &options->inputs);
  AddCategoryOption(verb, &options->inputs);
  AddSeedOption(verb, &options->study.seed);
  verb->add_option("--expert-bytes", options->expert_bytes,
                   "Bytes of one expert's weights, in place of those that "
                   "follow from the capture's facts")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->type_name("N");
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    *run = [options] { return RunSharingCommand(*options); };
  });
}

}  // namespace moetap
