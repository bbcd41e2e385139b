// Figures of the section on signatures, as SVG, from the document alone.
#ifndef MOETAP_ANALYSIS_REPORT_SIGNATURE_FIGURES_H_
#define MOETAP_ANALYSIS_REPORT_SIGNATURE_FIGURES_H_

#include <string>

#include "analysis/studies/envelope.h"

namespace moetap {

// Classes beyond this many share colours.
inline constexpr size_t kClassColours = 8;

// Similarity of each pair of units, by class; of many units, of neighbouring
// ones together.
std::string SimilarityMap(const StudyDocument& document);

// The units in two dimensions, under `key` of each unit ("pca", "neighbours");
// "" if they have none.
std::string UnitMap(const StudyDocument& document, const std::string& key,
                    const std::string& title);

// The classes and their colours, as HTML.
std::string ClassKey(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_REPORT_SIGNATURE_FIGURES_H_
