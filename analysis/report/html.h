// Pieces of HTML.  All text from a capture is untrusted and goes through Text.
#ifndef MOETAP_ANALYSIS_REPORT_HTML_H_
#define MOETAP_ANALYSIS_REPORT_HTML_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moetap::html {

// `text` for element content and quoted attributes: markup characters become
// entities, control characters and invalid UTF-8 visible escapes.
std::string Text(std::string_view text);

// 1234567 as "1,234,567".
std::string Count(uint64_t value);

// Four decimals, or an en dash.
std::string Figure(const std::optional<double>& value);

// Bytes as "12.3 MiB".
std::string Size(uint64_t bytes);

// A header cell, a cell, and a cell for numbers.
std::string Head(std::string_view html, bool number = false);
std::string Cell(std::string_view html, bool number = false);

// A paragraph box with a reason of studies/reasons.h and its next step.
std::string ReasonBox(std::string_view code);

// The value of a content-security-policy hash for hexadecimal `sha256`.
std::string PolicyHash(std::string_view sha256);

}  // namespace moetap::html

#endif  // MOETAP_ANALYSIS_REPORT_HTML_H_
