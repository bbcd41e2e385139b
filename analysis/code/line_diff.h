// The difference of two sequences of lines: E. Myers, An O(ND) Difference
// Algorithm and Its Variations, Algorithmica 1 (1986).
#ifndef MOETAP_ANALYSIS_CODE_LINE_DIFF_H_
#define MOETAP_ANALYSIS_CODE_LINE_DIFF_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

// Lines [a_begin, a_end) of one side that became [b_begin, b_end) of the other;
// one of both ranges may be empty.
struct Hunk {
  size_t a_begin = 0;
  size_t a_end = 0;
  size_t b_begin = 0;
  size_t b_end = 0;
  bool operator==(const Hunk&) const = default;
};

// As many lines may be deleted and inserted together.
inline constexpr size_t kMaxEdits = 4096;

// Hunks in order, no two of which touch; the lines between them are matched.
// Equal numbers are equal lines.  As few lines are deleted and inserted as
// possible, and of several such scripts it is this one: from the beginning,
// equal lines match; else the line of `a` is deleted if the script stays as
// short as possible, else the line of `b` inserted.  If that needs more than
// kMaxEdits edits, all lines behind the common beginning are one hunk.
// Takes O((a + b) * edits) time and O(edits^2) memory.
std::vector<Hunk> DiffLines(std::span<const uint32_t> a,
                            std::span<const uint32_t> b);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_LINE_DIFF_H_
