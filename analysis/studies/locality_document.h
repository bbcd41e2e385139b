// What the locality study's document says about itself.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_DOCUMENT_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_DOCUMENT_H_

#include "analysis/studies/envelope.h"
#include "analysis/studies/locality.h"

namespace moetap {

// Sets the study's name, definitions, options and seed.
void NameLocality(const LocalityPlan& plan, StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_DOCUMENT_H_
