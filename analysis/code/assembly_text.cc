#include "analysis/code/assembly_text.h"

#include <algorithm>
#include <array>

#include "analysis/code/assembly_line.h"

namespace moetap {
namespace {

// `line` is normalised.  A section may have a longer name that begins so.
bool IsStackNote(std::string_view line) {
  return line == ".section .note.GNU-stack" ||
         line.starts_with(".section .note.GNU-stack,") ||
         line.starts_with(".section \".note.GNU-stack\",");
}

// `line` is normalised.
bool IsDropped(std::string_view line) {
  static constexpr auto kDirectives = std::to_array<std::string_view>(
      {"", ".file", ".ident", ".loc", ".addrsig", ".addrsig_sym"});
  const std::string_view word = line.substr(0, line.find(' '));
  return std::find(kDirectives.begin(), kDirectives.end(), word) !=
             kDirectives.end() ||
         word.starts_with(".cfi_") || IsStackNote(line);
}

}  // namespace

std::string DropRemarks(std::string_view assembly) {
  std::string result;
  std::string_view line;
  for (AssemblyLines lines(assembly); lines.Next(&line);) {
    const std::string kept = NormalizeLine(line, nullptr);
    if (!IsDropped(kept)) result += kept + '\n';
  }
  return result;
}

std::string NormalizeAssembly(std::string_view assembly) {
  const std::string kept = DropRemarks(assembly);
  LabelNames labels;
  std::string result;
  std::string_view line;
  for (AssemblyLines lines(kept); lines.Next(&line);) {
    result += NormalizeLine(line, &labels) + '\n';
  }
  return result;
}

}  // namespace moetap
