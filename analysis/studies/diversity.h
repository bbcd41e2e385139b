// The study "diversity": which groups of equivalent codes decoding strategies
// find at what effort, what cutting duplicates would save, and whether routing
// tells them early.  docs/studies.md defines every figure.
#ifndef MOETAP_ANALYSIS_STUDIES_DIVERSITY_H_
#define MOETAP_ANALYSIS_STUDIES_DIVERSITY_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/code_groups.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/prefix_questions.h"
#include "analysis/trace.h"

namespace moetap {

struct DiversityOptions {
  double most_lost = 0.05;  // share of groups that a chosen threshold may lose
  uint64_t seed = 1;
};

// `samples` are of these traces, which must have the same layers, else throws
// Error.  `ask_prefixes` may be empty: no rule by assembly then.
StudyDocument RunDiversity(std::span<const Trace> traces,
                           const CodeSamples& samples,
                           const AskPrefixes& ask_prefixes,
                           const DiversityOptions& options,
                           std::vector<StudyInput> inputs);

// Tables for a terminal.
std::string DiversityText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_DIVERSITY_H_
