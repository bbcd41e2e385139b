// The study "assembly": which codes of a prompt the compiler makes the same
// assembly of, and what their texts differ in.  docs/studies.md defines every
// figure.
#ifndef MOETAP_ANALYSIS_STUDIES_ASSEMBLY_STUDY_H_
#define MOETAP_ANALYSIS_STUDIES_ASSEMBLY_STUDY_H_

#include <span>
#include <string>
#include <vector>

#include "analysis/studies/assembly_counts.h"
#include "analysis/studies/code_groups.h"
#include "analysis/studies/envelope.h"
#include "analysis/trace.h"

namespace moetap {

// `samples` are of these traces and grouped.  Linear in the codes, but for
// pairs of distinct texts of a group.
StudyDocument RunAssembly(std::span<const Trace> traces,
                          const CodeSamples& samples,
                          std::span<const AssemblyColumn> columns,
                          std::vector<StudyInput> inputs);

// Tables for a terminal.
std::string AssemblyStudyText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ASSEMBLY_STUDY_H_
