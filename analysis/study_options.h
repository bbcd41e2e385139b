// Options that several study verbs share.
#ifndef MOETAP_ANALYSIS_STUDY_OPTIONS_H_
#define MOETAP_ANALYSIS_STUDY_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "analysis/studies/signatures/signature_units.h"
#include "analysis/study_inputs.h"

namespace moetap {

// Each adds options that set the variable, which must outlive parsing.

// --threads: all cores by default.
void AddThreadsOption(CLI::App* verb, unsigned* threads);

// --seed: 1 by default.
void AddSeedOption(CLI::App* verb, uint64_t* seed);

// CAPTURE, once or more.
void AddCapturesOption(CLI::App* verb,
                       std::vector<std::filesystem::path>* captures);

// --manifest and --select.  What cannot be selected by is wrong usage.
void AddInputOptions(CLI::App* verb, InputOptions* options);

// --category, which needs the --manifest of AddInputOptions: without one no
// two requests have a known value in common.
void AddCategoryOption(CLI::App* verb, InputOptions* options);

// --phase: of prompts by default.
void AddPhaseOption(CLI::App* verb, Phase* phase);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_OPTIONS_H_
