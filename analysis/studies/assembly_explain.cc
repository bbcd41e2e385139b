#include "analysis/studies/assembly_explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analysis/code/assembly_text.h"
#include "analysis/code/line_classes.h"
#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

constexpr size_t kContext = 3;     // equal lines before the first difference
constexpr size_t kShownLines = 8;  // from there on

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string Numbered(char mark, size_t number, std::string_view line) {
  return fmt::format("{} {:>5}  {}\n", mark, number + 1, EscapeLine(line));
}

std::string FirstDifference(const std::vector<std::string_view>& a,
                            const std::vector<std::string_view>& b) {
  const auto [in_a, in_b] =
      std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto first = static_cast<size_t>(in_a - a.begin());
  std::string text;
  for (size_t i = first - std::min(first, kContext); i < first; ++i) {
    text += Numbered(' ', i, a[i]);
  }
  const auto show = [&](char mark, const auto& lines) {
    for (size_t i = first; i < std::min(lines.size(), first + kShownLines);
         ++i) {
      text += Numbered(mark, i, lines[i]);
    }
    if (first >= lines.size()) text += fmt::format("{}   end\n", mark);
  };
  show('-', a);
  show('+', b);
  return text;
}

// The first of the rules of assembly-equivalence@1 that makes them equal.
const char* WhyEqual(const std::string& a, const std::string& b) {
  if (a == b) return "as the compiler wrote them";
  return DropRemarks(a) == DropRemarks(b)
             ? "without remarks and blanks (rules 1 to 5)"
             : "once local labels are numbered anew (rule 6)";
}

std::string ExplainAssembly(const ExplainedCode& a, const ExplainedCode& b) {
  const std::string first = NormalizeAssembly(a.compiled.assembly);
  const std::string second = NormalizeAssembly(b.compiled.assembly);
  const auto lines_a = Lines(first);
  const auto lines_b = Lines(second);
  if (first == second) {
    return fmt::format("equivalent: {} lines of assembly are equal {}\n",
                       lines_a.size(),
                       WhyEqual(a.compiled.assembly, b.compiled.assembly));
  }
  return fmt::format(
             "different: of {} and {} lines of normalised assembly the first "
             "that differ are\n",
             lines_a.size(), lines_b.size()) +
         FirstDifference(lines_a, lines_b);
}

std::string ExplainTexts(std::string_view a, std::string_view b) {
  if (a == b) return "\nTheir texts are equal.\n";
  Interner interner;
  const ChangedLines changed =
      CompareLines(ReadLines(a, &interner), ReadLines(b, &interner));
  std::string text = "\nChanged lines of their texts\n";
  const auto show = [&](char mark, const auto& lines, const auto& source) {
    for (const ChangedLine& line : lines) {
      text += fmt::format("{} {:>5}  {:<17}  {}\n", mark, line.line + 1,
                          LineClassName(line.line_class),
                          EscapeLine(source[line.line]));
    }
  };
  show('-', changed.a, Lines(a));
  show('+', changed.b, Lines(b));
  return text;
}

std::string Failure(const ExplainedCode& code) {
  return fmt::format("{}: {}: {}\n", code.name,
                     CompileStatusName(code.compiled.status),
                     code.compiled.message);
}

bool IsCompiled(const ExplainedCode& code) {
  return code.compiled.status == CompileStatus::kCompiled;
}

}  // namespace

std::string ExplainPair(const ExplainedCode& a, const ExplainedCode& b) {
  std::string text = fmt::format("- {}\n+ {}\n\n", a.name, b.name);
  if (IsCompiled(a) && IsCompiled(b)) {
    text += ExplainAssembly(a, b);
  } else {
    text += "not equivalent: a code that does not compile is in no group\n";
    for (const ExplainedCode* code : {&a, &b}) {
      if (!IsCompiled(*code)) text += Failure(*code);
    }
  }
  return text + ExplainTexts(a.text, b.text);
}

}  // namespace moetap
