// Numbers in the tables of a terminal.
#ifndef MOETAP_ANALYSIS_STUDIES_TEXT_FIGURES_H_
#define MOETAP_ANALYSIS_STUDIES_TEXT_FIGURES_H_

#include <fmt/format.h>

#include <optional>
#include <string>

#include "analysis/studies/envelope.h"

namespace moetap {

// "-" where there is none.
inline std::string Number(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

// The interval of a result, "LO..HI"; both times `factor`.
inline std::string Range(const StudyResult& result, int digits,
                         double factor = 1) {
  if (!result.lo) return "-";
  return fmt::format("{:.{}f}..{:.{}f}", factor * *result.lo, digits,
                     factor * *result.hi, digits);
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TEXT_FIGURES_H_
