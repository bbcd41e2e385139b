#include "analysis/code/differences.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

namespace moetap {
namespace {

using LineCounts = std::array<uint64_t, kLineClasses>;

LineCounts CountClasses(const ChangedLines& changed) {
  LineCounts counts{};
  for (const auto* side : {&changed.a, &changed.b}) {
    for (const ChangedLine& line : *side) {
      ++counts[static_cast<size_t>(line.line_class)];
    }
  }
  return counts;
}

uint64_t Sum(const LineCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

uint64_t Remarks(const LineCounts& counts) {
  return counts[static_cast<size_t>(LineClass::kBlank)] +
         counts[static_cast<size_t>(LineClass::kComment)];
}

std::optional<double> Share(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Adds the comparison of text `index` with all later ones and, if it is not
// the `reference`, with that one as the other side.
void AddText(const std::vector<CodeLines>& texts, size_t index,
             size_t reference, Differences* result) {
  if (index != reference) {
    const LineCounts counts =
        CountClasses(CompareLines(texts[reference], texts[index]));
    for (size_t i = 0; i < kLineClasses; ++i) result->lines[i] += counts[i];
    ++result->texts;
    result->remark_texts += Remarks(counts) == Sum(counts);
  }
  for (size_t other = index + 1; other < texts.size(); ++other) {
    const LineCounts counts =
        CountClasses(CompareLines(texts[index], texts[other]));
    ++result->pairs;
    result->remark_pairs += Remarks(counts) == Sum(counts);
  }
}

}  // namespace

uint64_t Differences::changed_lines() const { return Sum(lines); }

std::optional<double> Differences::remark_line_share() const {
  return Share(Remarks(lines), changed_lines());
}

std::optional<double> Differences::remark_text_share() const {
  return Share(remark_texts, texts);
}

std::optional<double> Differences::remark_pair_share() const {
  return Share(remark_pairs, pairs);
}

Differences& Differences::operator+=(const Differences& other) {
  groups += other.groups;
  single += other.single;
  repeated += other.repeated;
  for (size_t i = 0; i < kLineClasses; ++i) lines[i] += other.lines[i];
  texts += other.texts;
  remark_texts += other.remark_texts;
  pairs += other.pairs;
  remark_pairs += other.remark_pairs;
  return *this;
}

Differences CompareGroup(std::span<const std::string_view> texts) {
  std::map<std::string_view, uint64_t> distinct;  // in order of bytes
  for (const std::string_view text : texts) ++distinct[text];
  Differences result;
  result.repeated = texts.size() - distinct.size();
  result.single = distinct.size() == 1;
  if (distinct.size() < 2) return result;
  result.groups = 1;

  const auto most = std::ranges::max_element(
      distinct, {}, [](const auto& entry) { return entry.second; });
  const auto reference =
      static_cast<size_t>(std::distance(distinct.begin(), most));
  Interner interner;
  std::vector<CodeLines> read;
  for (const auto& [text, count] : distinct) {
    read.push_back(ReadLines(text, &interner));
  }
  for (size_t index = 0; index < read.size(); ++index) {
    AddText(read, index, reference, &result);
  }
  return result;
}

}  // namespace moetap
