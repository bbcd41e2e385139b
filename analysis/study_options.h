// Options that several study verbs share.
#ifndef MOETAP_ANALYSIS_STUDY_OPTIONS_H_
#define MOETAP_ANALYSIS_STUDY_OPTIONS_H_

#include <CLI/CLI.hpp>

namespace moetap {

// Each adds one option that sets the variable, which must outlive parsing.

// --threads: all cores by default.
void AddThreadsOption(CLI::App* verb, unsigned* threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_OPTIONS_H_
