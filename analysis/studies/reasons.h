// Every reason and warning a study can give, with what to do about it.
#ifndef MOETAP_ANALYSIS_STUDIES_REASONS_H_
#define MOETAP_ANALYSIS_STUDIES_REASONS_H_

#include <string>
#include <string_view>
#include <vector>

namespace moetap {

struct Reason {
  std::string_view code;  // stable
  std::string_view text;  // one sentence
  std::string_view next;  // the next command or step
};

// In alphabetical order of codes.
const std::vector<Reason>& Reasons();

// `code` must be in the table.
const Reason& FindReason(std::string_view code);

// Two lines for a terminal.
std::string ReasonNote(std::string_view code);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_REASONS_H_
