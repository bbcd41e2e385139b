// A file of labels: which requests are of which task, and of which template.
//
// One JSON object per line:
//   {"label": "code", "request": "chatcmpl-17"}
//   {"label": "math", "prompt": "algebra-*", "group": "algebra"}
//   {"label": "story", "text": "*Once upon a time*"}
// "request" is the client's or the engine's id, as in a manifest; "prompt" is
// the prompt's id in a manifest; "text" is compared with the prompt itself, for
// which the capture must hold tokens and vocabulary.  All three are patterns of
// the shell (*, ?, [...]); a line has one of them.  The file is untrusted
// input.
#ifndef MOETAP_ANALYSIS_LABELS_H_
#define MOETAP_ANALYSIS_LABELS_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

enum class LabelBy : uint8_t { kRequest, kPrompt, kText };

struct LabelLine {
  LabelBy by = LabelBy::kRequest;
  std::string pattern;
  std::string label;  // not empty
  std::string group;  // "": none
};

// Throws Error with file, line and remedy.
std::vector<LabelLine> ReadLabels(const std::filesystem::path& file);

// Sets Sequence::category, group and ambiguous: what all lines that match a
// request say, or, where they do not say the same, that it is ambiguous.  What
// no line matches has no category.  Returns how many lines match nothing.
// Linear in requests and lines, but for patterns: those are tried on each.
uint64_t ApplyLabels(std::span<const LabelLine> lines,
                     const Vocabulary& vocabulary, std::span<Trace> traces);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_LABELS_H_
