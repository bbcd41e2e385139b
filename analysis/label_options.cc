#include "analysis/label_options.h"

#include "analysis/labels.h"
#include "analysis/selection.h"

namespace moetap {

void AddLabelOptions(CLI::App* verb, LabelOptions* options,
                     InputOptions* inputs) {
  CLI::Option* labels =
      verb->add_option("--labels", options->labels,
                       "Labels of requests: one JSON object per line")
          ->type_name("FILE");
  verb->add_option("--category", inputs->category,
                   "In place of --labels: the label is what the manifest has "
                   "under KEY: strategy, prompt, id or label.NAME")
      ->check(CLI::Validator(KeyError, "", "key"))
      ->needs("--manifest")
      ->excludes(labels)
      ->type_name("KEY");
  verb->add_option("--group", inputs->group,
                   "With --category: the template is what the manifest has "
                   "under KEY; prompts of one template are one unit")
      ->check(CLI::Validator(KeyError, "", "key"))
      ->needs("--category")
      ->type_name("KEY");
}

void LabelInputs(const LabelOptions& options, StudyInputs* inputs) {
  if (options.labels.empty()) return;
  const std::vector<LabelLine> lines = ReadLabels(options.labels);
  const uint64_t unused =
      ApplyLabels(lines, inputs->vocabulary, inputs->traces);
  inputs->options["labels"] = lines.size();
  inputs->units.emplace_back("unused_labels", unused);
  if (unused > 0) inputs->warnings.push_back("unused-labels");
}

}  // namespace moetap
