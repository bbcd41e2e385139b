// The figures of the study "compare" as results of its document.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_RESULTS_H_

#include <cstdint>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/set_agreement.h"
#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/usage_change.h"

namespace moetap {

// A change with a smaller p, or adjusted p of a layer, is "found".
inline constexpr double kChangeLevel = 0.05;

// Of the experts of a layer, so many that differ most.
inline constexpr size_t kShownExperts = 3;

// Of all layers first, then by layer.  `prompts`: distinct ones of both
// captures.  `equal`: nothing that was compared differs.
std::vector<StudyResult> CompareResults(const std::vector<FeatureBlock>& blocks,
                                        const UsageChange& change,
                                        const SetAgreement& agreement,
                                        uint64_t prompts, bool equal);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_RESULTS_H_
