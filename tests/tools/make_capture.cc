// Writes a made-up capture, clean or with one planted fault: what tests in
// other languages look at.
#include <CLI/CLI.hpp>
#include <string>

#include "tests/unit/analysis/synthetic_capture.h"

int main(int argc, char** argv) {
  moetap::SyntheticOptions options;
  std::string directory;
  bool hashes = false;
  CLI::App app{"Writes a made-up capture into a directory.", "make_capture"};
  app.add_option("DIRECTORY", directory)->required();
  app.add_option("--fault", options.fault, "what is wrong with it")
      ->check(CLI::IsMember(moetap::SyntheticFaults()));
  app.add_option("--layers", options.layers, "MoE decoder layers")
      ->delimiter(',');
  app.add_option("--experts", options.experts);
  app.add_option("-k", options.k);
  app.add_option("--prompts", options.prompts);
  app.add_option("--requests-per-prompt", options.requests_per_prompt);
  app.add_option("--generated", options.generated, "tokens per request");
  app.add_option("--tp-size", options.tp_size);
  app.add_option("--steps-per-block", options.steps_per_block);
  app.add_flag("--hashes", hashes, "prefix hashes in place of token ids");
  CLI11_PARSE(app, argc, argv);
  options.token_ids = !hashes;
  moetap::WriteSyntheticCapture(options, directory);
  return 0;
}
