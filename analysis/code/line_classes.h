// What each line that two texts of C differ in differs in.
#ifndef MOETAP_ANALYSIS_CODE_LINE_CLASSES_H_
#define MOETAP_ANALYSIS_CODE_LINE_CLASSES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/code/code_lines.h"

namespace moetap {

// differences@1 of docs/studies.md says when each holds; the first one counts.
enum class LineClass : uint8_t {
  kBlank,
  kComment,
  kWhiteSpace,
  kLiteral,
  kIdentifier,
  kDeclarationOrder,
  kOther,
};
inline constexpr size_t kLineClasses = 7;

// "blank", "comment", "white_space", ...: stable, for JSON.
const char* LineClassName(LineClass line_class);

struct ChangedLine {
  uint32_t line = 0;  // from 0
  LineClass line_class = LineClass::kOther;
  bool operator==(const ChangedLine&) const = default;
};

// In order of lines.  Both are empty only if the texts are equal.
struct ChangedLines {
  std::vector<ChangedLine> a;
  std::vector<ChangedLine> b;
};

// `a` and `b`: read with one Interner.
ChangedLines CompareLines(const CodeLines& a, const CodeLines& b);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_LINE_CLASSES_H_
