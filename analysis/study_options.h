// Options that several study verbs share.
#ifndef MOETAP_ANALYSIS_STUDY_OPTIONS_H_
#define MOETAP_ANALYSIS_STUDY_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>

namespace moetap {

// Each adds one option that sets the variable, which must outlive parsing.

// --root-tokens: shared first tokens that make one tree.
void AddRootTokensOption(CLI::App* verb, uint32_t* root_tokens);

// --threads: all cores by default.
void AddThreadsOption(CLI::App* verb, unsigned* threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_OPTIONS_H_
