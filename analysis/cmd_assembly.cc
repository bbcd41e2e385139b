#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "analysis/code/compiler.h"
#include "analysis/commands.h"
#include "analysis/compile_codes.h"
#include "analysis/compiler_options.h"
#include "analysis/error.h"
#include "analysis/studies/assembly_explain.h"
#include "analysis/studies/assembly_study.h"
#include "analysis/studies/code_groups.h"
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
  std::vector<std::string> columns;  // "clang -O2"
  std::vector<std::string> explain;  // nothing, or two request ids
};

std::string CheckColumn(const std::string& column) {
  std::string program;
  std::istringstream(column) >> program;
  return program.empty() ? "must name a compiler, such as \"clang -O0\"" : "";
}

// The compiler and flags of a column; all else as for the first one.
CompilerOptions ColumnCompiler(const Options& options,
                               const std::string& column) {
  CompilerOptions compiler = options.compiler;
  compiler.flags.clear();
  std::istringstream words(column);
  words >> compiler.compiler;
  for (std::string flag; words >> flag;) compiler.flags.push_back(flag);
  return compiler;
}

// Whether a request is named `id`, by its client or engine, or is part of the
// one that is.
bool IsNamed(const Sequence& sequence, const std::string& id) {
  const auto is = [&id](const std::string& name) {
    return name == id || name.starts_with(id + '-');
  };
  return is(sequence.id) || is(sequence.external_id);
}

const CodeSample& FindSample(const StudyInputs& inputs,
                             const CodeSamples& samples,
                             const std::string& id) {
  const CodeSample* found = nullptr;
  for (const CodeSample& sample : samples.samples) {
    if (!sample.has_code ||
        !IsNamed(inputs.traces[sample.trace].sequences[sample.sequence], id)) {
      continue;
    }
    if (found != nullptr) {
      throw Error(fmt::format(
          "{} names several requests; give an engine's id in full, which "
          "moetap tree --json CAPTURE lists",
          EscapeLine(id)));
    }
    found = &sample;
  }
  if (found == nullptr) {
    throw Error(fmt::format(
        "{} names no finished request with code; moetap tree --json CAPTURE "
        "lists ids and how requests ended",
        EscapeLine(id)));
  }
  return *found;
}

int Explain(const StudyInputs& inputs, const CodeSamples& samples,
            const Compiler& compiler, const std::vector<std::string>& ids) {
  const CodeSample& a = FindSample(inputs, samples, ids[0]);
  const CodeSample& b = FindSample(inputs, samples, ids[1]);
  const std::string_view texts[] = {a.code.text, b.code.text};
  auto compiled = compiler.Compile(texts, {});
  fmt::print("{}", ExplainPair(
                       {EscapeLine(ids[0]), texts[0], std::move(compiled[0])},
                       {EscapeLine(ids[1]), texts[1], std::move(compiled[1])}));
  return kExitOk;
}

int RunAssemblyCommand(const Options& options) {
  const StudyInputs inputs = LoadStudyInputs(options.captures, options.inputs);
  CodeSamples samples =
      FindCodeSamples(inputs.traces, inputs.vocabulary, options.extract);
  const Compiler compiler(options.compiler);
  if (!options.explain.empty()) {
    return Explain(inputs, samples, compiler, options.explain);
  }
  std::vector<AssemblyColumn> columns;
  for (const std::string& name : options.columns) {
    const CompilerOptions other = ColumnCompiler(options, name);
    CompileGroups("assembly", Compiler(other), other.flags, &samples);
    columns.push_back(ColumnOf(name, samples));
  }
  CompileGroups("assembly", compiler, options.compiler.flags, &samples);
  StudyDocument document =
      RunAssembly(inputs.traces, samples, columns, inputs.inputs);
  AddCompiler(options.compiler, compiler, &document);
  AddInputs(inputs, &document);
  return PrintStudy(document, AssemblyStudyText, options.output);
}

}  // namespace

void AddAssemblyCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "assembly",
      "Which generated C codes compile to the same assembly, and what their "
      "texts differ in");
  verb->group("Study");
  verb->footer(
      "Examples: moetap assembly run1 --manifest run1.jsonl\n"
      "          moetap assembly run1 --column \"gcc -O2\" --column \"clang "
      "-O0\"\n"
      "          moetap assembly run1 --explain cmpl-1 cmpl-2\n"
      "The codes are untrusted: they are compiled under limits, never run.\n"
      "Exit status: 0 done, 3 descriptive only or a capture with losses, "
      "1 not computable, 2 usage.");
  AddCapturesOption(verb, &options->captures);
  AddOutputOptions(verb, &options->output);
  verb->add_option("--explain", options->explain,
                   "Say why the codes of two requests are equivalent or not, "
                   "and nothing else")
      ->expected(2)
      ->type_name("ID ID");
  AddCompilerOptions(verb, &options->compiler);
  verb->add_option("--column", options->columns,
                   "Also group by another compiler and its flags, and compare; "
                   "may be given several times")
      ->allow_extra_args(false)
      ->check(CheckColumn)
      ->type_name("\"PROGRAM FLAG...\"");
  AddExtractOption(verb, &options->extract);
  AddInputOptions(verb, &options->inputs);
  AddThreadsOption(verb, &options->compiler.threads);
  verb->callback([options, run] {
    *run = [options] { return RunAssemblyCommand(*options); };
  });
}

}  // namespace moetap
