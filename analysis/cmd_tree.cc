#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/tree_study.h"
#include "analysis/study_options.h"
#include "analysis/trace.h"

namespace moetap {
namespace {

struct Options {
  std::filesystem::path capture;
  bool json = false;
  bool dot = false;
  bool paths = false;
  size_t max_nodes = 200;
};

int RunTreeCommand(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  const Trace trace = BuildTrace(capture);
  if (options.paths && !trace.has_token_ids) {
    throw Error(options.capture.string() +
                ": holds prefix hashes instead of token ids, and --paths "
                "prints token ids; record with --tokens full");
  }
  const Forest forest = BuildForest(trace);
  const StudyDocument document = RunTree(trace, forest, InputsOf(capture));
  const Vocabulary vocabulary(capture);
  if (options.json) {
    fmt::print("{}\n", ToJson(document).dump(1, ' ', false,
                                             Json::error_handler_t::replace));
  } else if (options.paths) {
    fmt::print("{}", TreePaths(trace, forest));
  } else if (options.dot) {
    fmt::print("{}", TreeDot(trace, forest, vocabulary));
  } else {
    fmt::print(
        "{}", TreeText(trace, forest, document, vocabulary, options.max_nodes));
  }
  return ExitStatus(document);
}

}  // namespace

void AddTreeCommand(CLI::App& app, Command* run) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "tree", "The fork trees of the captured requests, from tokens alone");
  verb->group("Study");
  verb->footer(
      "Examples: moetap tree run1\n"
      "          moetap tree --dot run1 | dot -Tsvg -o tree.svg\n"
      "Exit status: 0 done, 3 no forks or a capture with losses, "
      "1 not computable, 2 usage.");
  verb->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  auto* json =
      verb->add_flag("--json", options->json,
                     "Print JSON as docs/study.schema.json defines it");
  auto* dot = verb->add_flag("--dot", options->dot, "Print Graphviz source")
                  ->excludes(json);
  verb->add_flag("--paths", options->paths,
                 "Print the token paths alone as canonical JSON, equal byte "
                 "for byte to what moetap-branch paths prints")
      ->excludes(json)
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
