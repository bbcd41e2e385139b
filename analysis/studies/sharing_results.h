// Turns the counts of the study "sharing" into its figures.
#ifndef MOETAP_ANALYSIS_STUDIES_SHARING_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_SHARING_RESULTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/sharing_counts.h"
#include "analysis/trace.h"

namespace moetap {

// Of each kind and size all layers, then each layer, then each category; then
// the steps as served.
std::vector<StudyResult> SharingResults(const std::vector<MoeLayer>& layers,
                                        const SharingCounts& counts,
                                        const ServedSteps& served,
                                        std::optional<uint64_t> expert_bytes);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SHARING_RESULTS_H_
