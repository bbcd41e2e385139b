// Which tokens of two codes correspond, through the instructions that a
// compiler makes of them: steps 2 to 4 of alignment.assembly@1 in
// docs/studies.md.
#ifndef MOETAP_ANALYSIS_CODE_CODE_ALIGNMENT_H_
#define MOETAP_ANALYSIS_CODE_CODE_ALIGNMENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/code/assembly_text.h"
#include "analysis/code/least_edit.h"

namespace moetap {

// Numbers for instructions: equal texts, equal numbers.
class InstructionNumbers {
 public:
  uint64_t Of(const std::string& text) {
    return numbers_.try_emplace(text, numbers_.size()).first->second;
  }

 private:
  std::unordered_map<std::string, uint64_t> numbers_;
};

struct LinedFunction {
  std::vector<uint64_t> instructions;  // by InstructionNumbers
  std::vector<uint32_t> lines;         // of each, from 1; 0: unknown
};
using LinedCode = std::vector<LinedFunction>;

// `functions`: of a compile with -g.  `lines`: of the source; an instruction
// that claims a later one has line 0.  Codes that are to be aligned must share
// `numbers`.
LinedCode NumberInstructions(const std::vector<AssemblyFunction>& functions,
                             uint32_t lines, InstructionNumbers* numbers);

// Pairs of lines, ascending in both.  Nothing if the codes are too long, that
// is if LineCells is more than kMostAlignedCells.
inline constexpr uint64_t kMostAlignedCells = uint64_t{1} << 26;
using LinePairs = IndexPairs;
std::optional<LinePairs> AlignLines(const LinedCode& a, const LinedCode& b);
uint64_t LineCells(const LinedCode& a, const LinedCode& b);

// Tokens behind a fork, and the line of each, ascending, 0 where it has none.
struct LinedTokens {
  std::span<const uint64_t> ids;
  std::span<const uint32_t> lines;
};

struct AlignedTokens {
  IndexPairs pairs;
  // What becomes of the others, of both sides.
  uint64_t no_line = 0;
  uint64_t unmatched_line = 0;
  uint64_t gaps = 0;
};

// Nothing if a pair of lines has too many tokens, as above.
std::optional<AlignedTokens> AlignTokens(const LinedTokens& a,
                                         const LinedTokens& b,
                                         const LinePairs& lines);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_CODE_ALIGNMENT_H_
