// The study "sharing": how many distinct experts of a layer one decoding step
// touches, for synthetic batches of branches of one tree, of different prompts
// and of prompts of one category, and for the steps as they were served.
// docs/studies.md defines every figure.
#ifndef MOETAP_ANALYSIS_STUDIES_SHARING_H_
#define MOETAP_ANALYSIS_STUDIES_SHARING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/sharing_counts.h"
#include "analysis/trace.h"

namespace moetap {

// The traces must have the same layers, else throws Error.  `served` are the
// steps of the same captures.  `expert_bytes`: bytes of one routed expert's
// weights; without them, no figures in bytes.
StudyDocument RunSharing(std::span<const Trace> traces,
                         const ServedSteps& served,
                         std::optional<uint64_t> expert_bytes,
                         const SharingOptions& options,
                         std::vector<StudyInput> inputs);

// Tables for a terminal.
std::string SharingText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SHARING_H_
