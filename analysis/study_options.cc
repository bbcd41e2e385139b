#include "analysis/study_options.h"

#include <algorithm>
#include <map>
#include <string>
#include <thread>

#include "analysis/selection.h"

namespace moetap {

void AddThreadsOption(CLI::App* verb, unsigned* threads) {
  *threads = std::max(1u, std::thread::hardware_concurrency());
  verb->add_option("--threads", *threads,
                   "Worker threads; the result is the same for any number")
      ->check(CLI::Range(1, 1024))
      ->type_name("N")
      ->capture_default_str();
}

void AddSeedOption(CLI::App* verb, uint64_t* seed) {
  *seed = 1;
  verb->add_option("--seed", *seed,
                   "Of everything that is drawn; equal seeds give equal bytes")
      ->type_name("N")
      ->capture_default_str();
}

void AddCapturesOption(CLI::App* verb,
                       std::vector<std::filesystem::path>* captures) {
  verb->add_option("CAPTURE", *captures,
                   "Capture directories or files, of one model")
      ->required();
}

void AddInputOptions(CLI::App* verb, InputOptions* options) {
  verb->add_option("--manifest", options->manifests,
                   "What moetap-branch wrote about the requests: strategy, "
                   "prompt, labels, parents; may be given several times")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb->add_option("--select", options->select,
                   "Only requests for which each KEY=PATTERN of EXPR holds, "
                   "joined by commas; keys: strategy, prompt, id, label.NAME; "
                   "patterns as in a shell")
      ->check(CLI::Validator(SelectError, "", "select"))
      ->type_name("EXPR");
}

void AddCategoryOption(CLI::App* verb, InputOptions* options) {
  verb->add_option("--category", options->category,
                   "Also batches of prompts that have the same value of KEY: "
                   "strategy, prompt, id or label.NAME")
      ->check(CLI::Validator(KeyError, "", "key"))
      ->needs("--manifest")
      ->type_name("KEY");
}

void AddPhaseOption(CLI::App* verb, Phase* phase) {
  std::map<std::string, Phase> phases;
  for (const Phase one : {Phase::kPrompt, Phase::kGenerated, Phase::kBoth}) {
    phases.emplace(PhaseName(one), one);
  }
  verb->add_option("--phase", *phase, "Tokens that count")
      ->transform(
          CLI::CheckedTransformer(phases).description("prompt|generated|both"))
      ->type_name("PHASE")
      ->default_str(PhaseName(*phase));
}

}  // namespace moetap
