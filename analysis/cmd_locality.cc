#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/commands.h"
#include "analysis/compile_codes.h"
#include "analysis/compiler_options.h"
#include "analysis/progress.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/locality.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  InputOptions inputs;
  StudyOutput output;
  std::string pairs = "fork";
  std::string band;
  CompilerOptions compiler;
  LocalityOptions study;
};

std::string CheckPairing(const std::string& text) {
  LocalityOptions ignored;
  if (ParsePairing(text, &ignored)) return "";
  return "must be fork, siblings, or sample:N with N of at least 1";
}

std::string CheckBand(const std::string& text) {
  if (ParseBand(text)) return "";
  return "must be FROM:TO with 0 <= FROM <= TO <= 1, such as 0.35:0.52";
}

int RunLocalityCommand(const Options& options) {
  const StudyInputs inputs = LoadStudyInputs(options.captures, options.inputs);
  LocalityOptions study = options.study;
  std::optional<LeafCodes> codes;
  if (study.alignment == "assembly" || study.equivalent) {
    CompilerOptions compiler = options.compiler;
    compiler.threads = study.threads;
    study.codes = &codes.emplace(
        CompileLeaves("locality", inputs.traces, inputs.vocabulary, compiler));
  }
  const LocalityPlan plan =
      PlanLocality(inputs.traces, study, inputs.vocabulary);
  fmt::print(stderr, "locality: comparing {}\n", DescribePlan(plan));
  Progress progress("pairs", plan.work());
  StudyDocument document =
      RunLocality(plan, inputs.inputs,
                  [&progress](uint64_t pairs) { progress.Add(pairs); });
  AddInputs(inputs, &document);
  return PrintStudy(document, LocalityText, options.output);
}

}  // namespace

void AddLocalityCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "locality", "How alike the experts of aligned tokens on branches are");
  verb->group("Study");
  verb->footer(
      "Examples: moetap locality run1 --csv figures\n"
      "          moetap locality --manifest run.jsonl --select strategy=tree "
      "run1\n"
      "          moetap locality --alignment edit --pairs sample:2000 run1\n"
      "          moetap locality --alignment assembly --equivalent run1\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  AddCapturesOption(verb, &options->captures);
  AddOutputOptions(verb, &options->output);
  verb->add_option("--pairs", options->pairs,
                   "Which rows to compare: all below a fork (fork), those "
                   "before the next fork (siblings), or those of N drawn pairs "
                   "of sequences (sample:N)")
      ->type_name("fork|siblings|sample:N")
      ->check(CheckPairing)
      ->capture_default_str();
  verb->add_option("--alignment", options->study.alignment,
                   "Which rows of two branches stand together: those at one "
                   "position, those that the least edit of their tokens "
                   "leaves together, or those that correspond in the assembly "
                   "of their codes")
      ->check(CLI::IsMember(AlignmentNames()))
      ->capture_default_str();
  verb->add_flag("--equivalent", options->study.equivalent,
                 "Only pairs of sequences whose codes compile to equal "
                 "assembly");
  AddCompilerOptions(verb, &options->compiler);
  verb->add_option("--band", options->band,
                   "Depths of the middle layers, 0 the first and 1 the last; "
                   "by default 0.35:0.52, or the middle third below 24 layers")
      ->type_name("FROM:TO")
      ->check(CheckBand);
  AddInputOptions(verb, &options->inputs);
  AddSeedOption(verb, &options->study.seed);
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    ParsePairing(options->pairs, &options->study);
    if (!options->band.empty()) options->study.band = ParseBand(options->band);
    *run = [options] { return RunLocalityCommand(*options); };
  });
}

}  // namespace moetap
