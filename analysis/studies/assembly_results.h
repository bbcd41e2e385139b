// The figures of the study "assembly".
#ifndef MOETAP_ANALYSIS_STUDIES_ASSEMBLY_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_ASSEMBLY_RESULTS_H_

#include <span>
#include <vector>

#include "analysis/studies/assembly_counts.h"
#include "analysis/studies/code_groups.h"
#include "analysis/studies/envelope.h"
#include "analysis/trace.h"

namespace moetap {

// assembly-shares@1 and differences@1 of docs/studies.md.  `prompts` and
// `columns` are of `samples`, which are of `traces`.
std::vector<StudyResult> AssemblyResults(
    std::span<const Trace> traces, const CodeSamples& samples,
    std::span<const PromptCodes> prompts,
    std::span<const AssemblyColumn> columns);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ASSEMBLY_RESULTS_H_
