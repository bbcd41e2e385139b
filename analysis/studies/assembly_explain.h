// Why two codes are or are not equivalent, for a terminal.
#ifndef MOETAP_ANALYSIS_STUDIES_ASSEMBLY_EXPLAIN_H_
#define MOETAP_ANALYSIS_STUDIES_ASSEMBLY_EXPLAIN_H_

#include <string>
#include <string_view>

#include "analysis/code/compiler.h"

namespace moetap {

// What there is to know of one of the two.  Refers to its strings.
struct ExplainedCode {
  std::string name;  // of the request, made safe to print
  std::string_view text;
  Compiled compiled;
};

// Whether they are equivalent; by which rules, or where their normalised
// assembly differs first; and the changed lines of their texts with the class
// of each (differences@1 of docs/studies.md).  Every line of it is safe to
// print.
std::string ExplainPair(const ExplainedCode& a, const ExplainedCode& b);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ASSEMBLY_EXPLAIN_H_
