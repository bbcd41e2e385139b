#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/compile_codes.h"
#include "analysis/compiler_options.h"
#include "analysis/error.h"
#include "analysis/label_options.h"
#include "analysis/load_trace.h"
#include "analysis/progress.h"
#include "analysis/report/page.h"
#include "analysis/studies/expert_bytes.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/sharing.h"
#include "analysis/studies/signatures/signatures.h"
#include "analysis/studies/tree_study.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"

namespace moetap {
namespace {

struct Options {
  std::filesystem::path capture;
  std::filesystem::path output = "report.html";
  InputOptions inputs;
  LocalityOptions study;
  bool assembly = false;
  LabelOptions labels;
  bool signatures = false;
  CompilerOptions compiler;
};

void WritePage(const std::filesystem::path& path, const std::string& page) {
  std::ofstream out(path, std::ios::binary);
  out << page;
  out.close();
  if (!out) {
    throw Error(path.string() +
                ": cannot be written; give -o a file in a directory you can "
                "write to, on a disk with room");
  }
}

StudyDocument CountLocality(const LocalityOptions& options,
                            const ReportInput& input) {
  const LocalityPlan plan =
      PlanLocality({input.trace, 1}, options, input.vocabulary);
  fmt::print(stderr, "report: counting {}\n", DescribePlan(plan));
  Progress progress("pairs", plan.work());
  return RunLocality(plan, InputsOf(*input.capture),
                     [&progress](uint64_t pairs) { progress.Add(pairs); });
}

// Locality by each alignment, for all pairs of leaves and for those with
// equivalent codes.
void CompareAlignments(const Options& options, ReportInput* input) {
  const std::span<const Trace> traces(input->trace, 1);
  CompilerOptions compiler = options.compiler;
  compiler.threads = options.study.threads;
  const LeafCodes codes =
      CompileLeaves("report", traces, input->vocabulary, compiler);
  for (const std::string_view alignment : AlignmentNames()) {
    for (const bool equivalent : {false, true}) {
      LocalityOptions study = options.study;
      study.alignment = alignment;
      study.equivalent = equivalent;
      study.codes = &codes;
      input->alignments.push_back(CountLocality(study, *input));
    }
  }
}

void AddSignatures(const Options& options,
                   const std::vector<StudyInput>& inputs, ReportInput* input) {
  SignatureOptions study;
  study.threads = options.study.threads;
  Progress progress("signatures", kSignatureStages);
  input->signatures = RunSignatures({input->trace, 1}, study, inputs,
                                    [&progress] { progress.Add(1); });
}

// `study` must live as long as `input`.
void RunStudies(const StudyInputs& study, const Options& options,
                ReportInput* input) {
  const Trace& trace = study.traces.front();
  input->trace = &trace;
  const auto inputs = InputsOf(*input->capture);
  input->forest = BuildForest(trace);
  const TraceForest forest = {&trace, &input->forest};
  input->tree = RunTree({&forest, 1}, inputs);
  AddInputs(study, &input->tree.document);
  input->locality = CountLocality(options.study, *input);
  if (options.assembly) CompareAlignments(options, input);
  SharingOptions sharing;
  sharing.threads = options.study.threads;
  sharing.by_category =
      !options.inputs.category.empty() || !options.labels.labels.empty();
  input->sharing = RunSharing({&trace, 1}, CountServed(*input->capture),
                              ExpertBytes(*input->capture), sharing, inputs);
  if (options.signatures) AddSignatures(options, inputs, input);
}

int RunReportCommand(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  TraceOrError trace = TryBuildTrace(capture);
  ReportInput input;
  input.capture = &capture;
  input.trace_error = trace.error;
  input.vocabulary = Vocabulary(capture);
  input.verify = Verify(capture, trace.get(), trace.error);
  StudyInputs study;
  if (trace.get() != nullptr) {
    std::vector<Trace> traces;
    traces.push_back(std::move(*trace.trace));
    study = NameAndSelect(std::move(traces), options.inputs);
    study.vocabulary = input.vocabulary;
    LabelInputs(options.labels, &study);
    RunStudies(study, options, &input);
  }
  WritePage(options.output, ReportPage(input));
  fmt::print("report: {}\n", options.output.string());
  if (trace.get() == nullptr) {
    throw Error("the report has no studies: " + trace.error);
  }
  if (study.nothing_selected) {
    throw Error(
        "the report has no studies: no request matches --select; moetap tree "
        "--json CAPTURE lists ids");
  }
  return VerifyStatus(input.verify) == kExitOk && !HasLosses(capture)
             ? kExitOk
             : kExitLosses;
}

}  // namespace

void AddReportCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "report", "One self-contained HTML page about a capture");
  verb->group("Look");
  verb->footer(
      "Example: moetap report run1 -o report.html\n"
      "Exit status: 0 done, 3 done and the page says what is wrong with the "
      "capture, 1 no studies, 2 usage.");
  verb->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  verb->add_option("-o,--output", options->output, "File to write")
      ->type_name("FILE")
      ->capture_default_str();
  AddInputOptions(verb, &options->inputs);
  AddLabelOptions(verb, &options->labels, &options->inputs);
  verb->add_flag("--signatures", options->signatures,
                 "Also compare the signatures of the classes that --labels or "
                 "--category give");
  verb->add_flag("--assembly", options->assembly,
                 "Also compile the codes, and compare locality by all "
                 "alignments, for all pairs and for equivalent codes");
  AddCompilerOptions(verb, &options->compiler);
  AddThreadsOption(verb, &options->study.threads);
  verb->callback([options, run] {
    *run = [options] { return RunReportCommand(*options); };
  });
}

}  // namespace moetap
