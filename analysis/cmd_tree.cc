#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/tree_study.h"
#include "analysis/study_inputs.h"
#include "analysis/study_options.h"
#include "analysis/study_output.h"

namespace moetap {
namespace {

struct Options {
  std::vector<std::filesystem::path> captures;
  InputOptions inputs;
  StudyOutput output;
  bool dot = false;
  bool paths = false;
  size_t max_nodes = 200;
};

void RequireTokenIds(const Options& options, const StudyInputs& inputs) {
  for (size_t c = 0; c < inputs.traces.size(); ++c) {
    if (inputs.traces[c].has_token_ids) continue;
    throw Error(options.captures[c].string() +
                ": holds prefix hashes instead of token ids, and --paths "
                "prints token ids; record with --tokens full");
  }
}

int RunTreeCommand(const Options& options) {
  const StudyInputs inputs = LoadStudyInputs(options.captures, options.inputs);
  if (options.paths) RequireTokenIds(options, inputs);
  std::vector<Forest> forests;
  for (const Trace& trace : inputs.traces) {
    forests.push_back(BuildForest(trace));
  }
  std::vector<TraceForest> all;
  for (size_t c = 0; c < forests.size(); ++c) {
    all.push_back({&inputs.traces[c], &forests[c]});
  }
  TreeStudy study = RunTree(all, inputs.inputs);
  AddInputs(inputs, &study.document);
  const int status = ExitStatus(study.document);
  if (!options.output.csv.empty()) WriteCsv(study.document, options.output.csv);
  if (options.output.json) {
    PrintJson(TreeJson(std::move(study)));
  } else if (options.paths) {
    fmt::print("{}", TreePaths(all));
  } else if (options.dot) {
    fmt::print("{}", TreeDot(all, inputs.vocabulary));
  } else {
    fmt::print("{}",
               TreeText(all, study, inputs.vocabulary, options.max_nodes));
  }
  return status;
}

}  // namespace

void AddTreeCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "tree", "The fork trees of the captured requests, from tokens alone");
  verb->group("Study");
  verb->footer(
      "Examples: moetap tree run1\n"
      "          moetap tree --manifest run.jsonl --select "
      "'strategy=tree,prompt=code-*' run1\n"
      "          moetap tree --dot run1 | dot -Tsvg -o tree.svg\n"
      "Exit status: 0 done, 3 no forks or a capture with losses, "
      "1 not computable, 2 usage.");
  verb->add_option("CAPTURE", options->captures, "Capture directories or files")
      ->required();
  AddInputOptions(verb, &options->inputs);
  AddOutputOptions(verb, &options->output);
  auto* dot = verb->add_flag("--dot", options->dot, "Print Graphviz source")
                  ->excludes("--json");
  verb->add_flag("--paths", options->paths,
                 "Print the token paths alone as canonical JSON, equal byte "
                 "for byte to what moetap-branch paths prints")
      ->excludes("--json")
      ->excludes(dot);
  verb->add_option("--max-nodes", options->max_nodes,
                   "Nodes to draw in the text form")
      ->type_name("N")
      ->capture_default_str();
  verb->callback([options, run] {
    *run = [options] { return RunTreeCommand(*options); };
  });
}

}  // namespace moetap
