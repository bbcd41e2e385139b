#include "analysis/study_options.h"

#include <algorithm>
#include <thread>

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

}  // namespace moetap
