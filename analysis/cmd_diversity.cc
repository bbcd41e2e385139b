#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "analysis/code/assembly_numbers.h"
#include "analysis/code/compiler.h"
#include "analysis/commands.h"
#include "analysis/compile_codes.h"
#include "analysis/compiler_options.h"
#include "analysis/studies/code_groups.h"
#include "analysis/studies/diversity.h"
#include "analysis/studies/envelope.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  InputOptions inputs;
  StudyOutput output;
  CompilerOptions compiler;
  ExtractRule extract = ExtractRule::kAuto;
  uint64_t prefixes = 4000;
  DiversityOptions study;
};

// Equivalent as the samples are: by equal normalised assembly.
std::vector<uint32_t> Classify(const Compiler& compiler,
                               std::span<const std::string_view> codes) {
  AssemblyNumbers numbers;
  std::vector<uint32_t> classes;
  for (const Compiled& one : compiler.Compile(codes, {})) {
    classes.push_back(numbers.Of(one));
  }
  return classes;
}

int RunDiversityCommand(const Options& options) {
  const StudyInputs inputs = LoadStudyInputs(options.captures, options.inputs);
  const Compiler compiler(options.compiler);
  CodeSamples samples =
      FindCodeSamples(inputs.traces, inputs.vocabulary, options.extract);
  CompileGroups("diversity", compiler, options.compiler.flags, &samples);
  const ClassifyCodes classify = [&](std::span<const std::string_view> codes) {
    return Classify(compiler, codes);
  };
  AskPrefixes ask;
  if (options.prefixes > 0) {
    ask = [&](const Trace& trace, const Ensemble& ensemble,
              const CutSearch& search) {
      return AskAssembly(trace, inputs.vocabulary, samples, ensemble, search,
                         classify, options.prefixes);
    };
  }
  StudyDocument document =
      RunDiversity(inputs.traces, samples, ask, options.study, inputs.inputs);
  AddCompiler(options.compiler, compiler, &document);
  document.options["prefixes"] = options.prefixes;
  AddInputs(inputs, &document);
  return PrintStudy(document, DiversityText, options.output);
}

}  // namespace

void AddDiversityCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "diversity",
      "Which different codes decoding strategies find, and what cutting "
      "duplicates would save");
  verb->group("Study");
  verb->footer(
      "Example: moetap diversity run1 --manifest run1.jsonl\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  AddCapturesOption(verb, &options->captures);
  AddOutputOptions(verb, &options->output);
  verb->add_option("--most-lost", options->study.most_lost,
                   "Share of groups that a chosen cutting threshold may lose")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_option("--prefixes", options->prefixes,
                   "Prefixes of codes to compile for each search, at most; 0 "
                   "leaves out the rule by assembly")
      ->type_name("N")
      ->capture_default_str();
  AddCompilerOptions(verb, &options->compiler);
  AddExtractOption(verb, &options->extract);
  AddInputOptions(verb, &options->inputs);
  AddSeedOption(verb, &options->study.seed);
  AddThreadsOption(verb, &options->compiler.threads);
  verb->callback([options, run] {
    *run = [options] { return RunDiversityCommand(*options); };
  });
}

}  // namespace moetap
