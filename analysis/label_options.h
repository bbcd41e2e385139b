// Where the labels of requests come from: a file, or the manifests.
#ifndef MOETAP_ANALYSIS_LABEL_OPTIONS_H_
#define MOETAP_ANALYSIS_LABEL_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <filesystem>

#include "analysis/study_inputs.h"

namespace moetap {

struct LabelOptions {
  std::filesystem::path labels;  // a file of labels.h; empty: none
};

// --labels FILE, or --category KEY and --group KEY; the last two set `inputs`
// and need the --manifest of AddInputOptions.
void AddLabelOptions(CLI::App* verb, LabelOptions* options,
                     InputOptions* inputs);

// Labels the traces by the file, if one is given, and adds how many of its
// lines matched nothing.  Throws Error as ReadLabels and ApplyLabels do.
void LabelInputs(const LabelOptions& options, StudyInputs* inputs);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_LABEL_OPTIONS_H_
