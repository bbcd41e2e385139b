#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "analysis/commands.h"
#include "analysis/label_options.h"
#include "analysis/progress.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/signatures.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  InputOptions inputs;
  LabelOptions labels;
  StudyOutput output;
  SignatureOptions study;
};

int RunSignaturesCommand(const Options& options) {
  StudyInputs inputs = LoadStudyInputs(options.captures, options.inputs);
  LabelInputs(options.labels, &inputs);
  Progress progress("signatures", kSignatureStages);
  StudyDocument document =
      RunSignatures(inputs.traces, options.study, inputs.inputs,
                    [&progress] { progress.Add(1); });
  AddInputs(inputs, &document);
  return PrintStudy(document, SignaturesText, options.output);
}

}  // namespace

void AddSignaturesCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "signatures",
      "Whether prompts of one task use experts more alike than others");
  verb->group("Study");
  verb->footer(
      "Examples: moetap signatures run1 --labels labels.jsonl\n"
      "          moetap signatures run1 --manifest run1.jsonl --category "
      "label.category\n"
      "A line of labels.jsonl: {\"label\": \"code\", \"request\": \"ID\"}; in "
      "place of \"request\",\n"
      "\"prompt\" (a prompt's id in a manifest) or \"text\" (of the prompt); "
      "patterns as in a shell;\n"
      "\"group\" besides, for a template whose prompts are one unit.\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  AddCapturesOption(verb, &options->captures);
  AddOutputOptions(verb, &options->output);
  AddInputOptions(verb, &options->inputs);
  AddLabelOptions(verb, &options->labels, &options->inputs);
  AddPhaseOption(verb, &options->study.phase);
  verb->add_option("--permutations", options->study.permutations,
                   "Permutations of the labels")
      ->check(CLI::Range(99u, 1000000u))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--refits", options->study.refits,
                   "Refits of the classifier: permutations of the labels, and "
                   "synthetic captures of each null model")
      ->check(CLI::Range(20u, 1000000u))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--units", options->study.most_units,
                   "Units at most; of more, so many are drawn")
      ->check(CLI::Range(10u, 100000u))
      ->type_name("N")
      ->capture_default_str();
  AddSeedOption(verb, &options->study.seed);
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    *run = [options] { return RunSignaturesCommand(*options); };
  });
}

}  // namespace moetap
