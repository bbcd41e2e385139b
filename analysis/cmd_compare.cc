#include <filesystem>
#include <memory>

#include "analysis/commands.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/compare.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::filesystem::path a;
  std::filesystem::path b;
  InputOptions inputs;
  StudyOutput output;
  CompareOptions study;
};

int RunCompareCommand(const Options& options) {
  const StudyInputs inputs =
      LoadStudyInputs({options.a, options.b}, options.inputs);
  StudyDocument document = RunCompare(inputs.traces[0], inputs.traces[1],
                                      options.study, inputs.inputs);
  AddInputs(inputs, &document);
  return PrintStudy(document, CompareText, options.output);
}

}  // namespace

void AddCompareCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "compare", "Whether routing differs between two captures, and where");
  verb->group("Study");
  verb->footer(
      "Send the same prompts to both servers, recorded with --tokens full.\n"
      "Examples: moetap compare before after\n"
      "          moetap compare bf16 fp8 --phase both --csv figures\n"
      "Exit status: 0 done, whether routing differs or not, 3 descriptive only "
      "or a capture with losses, 1 not computable, 2 usage.");
  verb->add_option("A", options->a, "Capture directory or file")->required();
  verb->add_option("B", options->b,
                   "Another, of a model with the same layers and experts")
      ->required();
  AddOutputOptions(verb, &options->output);
  AddPhaseOption(verb, &options->study.phase);
  verb->add_option("--permutations", options->study.permutations,
                   "Exchanges of prompts that p rests on")
      ->check(CLI::Range(99, 1000000))
      ->type_name("N")
      ->capture_default_str();
  AddInputOptions(verb, &options->inputs);
  AddSeedOption(verb, &options->study.seed);
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    *run = [options] { return RunCompareCommand(*options); };
  });
}

}  // namespace moetap
