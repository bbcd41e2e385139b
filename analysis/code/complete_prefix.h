// The part of an unfinished C code that can be compiled already.
#ifndef MOETAP_ANALYSIS_CODE_COMPLETE_PREFIX_H_
#define MOETAP_ANALYSIS_CODE_COMPLETE_PREFIX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moetap {

// Where a statement or declaration of a code ends: behind a ; or } outside of
// parentheses and brackets.
struct StatementEnd {
  size_t byte = 0;      // behind it
  uint32_t braces = 0;  // open there
};

// In order.
std::vector<StatementEnd> StatementEnds(std::string_view code);

// `code` up to `end`, its open braces closed.
std::string CloseBraces(std::string_view code, const StatementEnd& end);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_COMPLETE_PREFIX_H_
