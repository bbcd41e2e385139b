// Options that several study verbs share.
#ifndef MOETAP_ANALYSIS_STUDY_OPTIONS_H_
#define MOETAP_ANALYSIS_STUDY_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>

namespace moetap {

// Each adds one option that sets the variable, which must outlive parsing.

// --threads: all cores by default.
void AddThreadsOption(CLI::App* verb, unsigned* threads);

// --seed: 1 by default.
void AddSeedOption(CLI::App* verb, uint64_t* seed);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_OPTIONS_H_
