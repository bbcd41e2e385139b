// Lines of assembly in their normal form.
#ifndef MOETAP_ANALYSIS_CODE_ASSEMBLY_LINE_H_
#define MOETAP_ANALYSIS_CODE_ASSEMBLY_LINE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace moetap {

// Splits a text, which must outlive it, into lines without their newlines.
class AssemblyLines {
 public:
  explicit AssemblyLines(std::string_view text) : rest_(text) {}

  bool Next(std::string_view* line);

 private:
  std::string_view rest_;
};

// Names local labels .L1, .L2, ... by first occurrence.
class LabelNames {
 public:
  std::string Name(std::string_view label);

 private:
  std::unordered_map<std::string, size_t> numbers_;
};

// The line without comment, its blanks made one and those at its ends taken
// away; local labels get their names, if `labels` is not null.  Strings stay as
// they are.
std::string NormalizeLine(std::string_view line, LabelNames* labels);

// Behind the string whose quote is at `at`, or the end of the line.
size_t StringEnd(std::string_view line, size_t at);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_ASSEMBLY_LINE_H_
