#include "analysis/study_options.h"

#include <algorithm>
#include <thread>

namespace moetap {

void AddRootTokensOption(CLI::App* verb, uint32_t* root_tokens) {
  verb->add_option("--root-tokens", *root_tokens,
                   "Sequences that agree in their first N tokens are one tree")
      ->check(CLI::Range(1u, 1u << 24))
      ->type_name("N")
      ->capture_default_str();
}

void AddThreadsOption(CLI::App* verb, unsigned* threads) {
  *threads = std::max(1u, std::thread::hardware_concurrency());
  verb->add_option("--threads", *threads,
                   "Worker threads; the result is the same for any number")
      ->check(CLI::Range(1, 1024))
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace moetap
