// What the texts of a group of equivalent codes differ in.
#ifndef MOETAP_ANALYSIS_CODE_DIFFERENCES_H_
#define MOETAP_ANALYSIS_CODE_DIFFERENCES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "analysis/code/line_classes.h"

namespace moetap {

// Counts of differences@1 of docs/studies.md, of one group or of several
// together.  A remark is a line of the class blank or comment.
struct Differences {
  uint64_t groups = 0;    // with two or more distinct texts: the rest is
                          // about these
  uint64_t single = 0;    // groups with one distinct text
  uint64_t repeated = 0;  // codes whose text an earlier one of their group
                          // has, groups with one distinct text among them
  std::array<uint64_t, kLineClasses> lines{};  // changed, of both sides
  uint64_t texts = 0;         // compared with the most frequent of their group
  uint64_t remark_texts = 0;  // of them: all changed lines are remarks
  uint64_t pairs = 0;         // unordered, of distinct texts of a group
  uint64_t remark_pairs = 0;  // of them: all changed lines are remarks

  uint64_t changed_lines() const;
  // Shares; nothing where they would be 0 of 0.
  std::optional<double> remark_line_share() const;
  std::optional<double> remark_text_share() const;
  std::optional<double> remark_pair_share() const;

  Differences& operator+=(const Differences& other);
};

// `texts`: of all codes of one group, in any order.  Takes time for each pair
// of distinct texts.
Differences CompareGroup(std::span<const std::string_view> texts);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_DIFFERENCES_H_
