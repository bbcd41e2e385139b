// Figures of the locality study that compare others: what context adds, what
// popularity explains, the crossing pattern and the noise floor.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_CONTRASTS_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_CONTRASTS_H_

#include "analysis/studies/envelope.h"
#include "analysis/studies/locality_sums.h"

namespace moetap {

// Appends results and warnings.
void AddLocalityContrasts(const LocalitySums& sums, StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_CONTRASTS_H_
