// The figures of joined.h over prompts.
#ifndef MOETAP_ANALYSIS_STUDIES_JOINED_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_JOINED_RESULTS_H_

#include <cstdint>
#include <span>

#include "analysis/studies/ensembles.h"
#include "analysis/studies/envelope.h"
#include "analysis/trace.h"

namespace moetap {

// All traces have the layers of the first.  Adds to the document's results,
// and to its units what was left out.
void AddJoined(std::span<const Trace> traces,
               std::span<const Ensemble> ensembles, size_t prompts,
               StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_JOINED_RESULTS_H_
