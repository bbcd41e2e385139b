// The cheapest edit that turns one list of numbers into another.
#ifndef MOETAP_ANALYSIS_CODE_LEAST_EDIT_H_
#define MOETAP_ANALYSIS_CODE_LEAST_EDIT_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace moetap {

// Ascending in both.
using IndexPairs = std::vector<std::pair<uint32_t, uint32_t>>;

// What may become of an element of `a` and one of `b` that are not equal.
enum class Unequal : uint8_t {
  kPaired,   // they may stand together, which costs as much as a gap
  kSkipped,  // they may not: the result is a longest common subsequence
};

// The elements that stand together where every other one is a gap; equal
// elements that stand together cost 0, a gap costs 1.  Of several cheapest
// alignments, read from the start: the one that pairs, else the one that skips
// an element of `a`.  (R. A. Wagner, M. J. Fischer, The String-to-String
// Correction Problem, J. ACM 21 (1974).)  Takes LeastEditCells steps and bytes.
IndexPairs LeastEdit(std::span<const uint64_t> a, std::span<const uint64_t> b,
                     Unequal unequal);

inline uint64_t LeastEditCells(uint64_t size_a, uint64_t size_b) {
  return (size_a + 1) * (size_b + 1);
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_LEAST_EDIT_H_
