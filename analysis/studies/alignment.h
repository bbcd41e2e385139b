// Which rows of two branches are compared.
#ifndef MOETAP_ANALYSIS_STUDIES_ALIGNMENT_H_
#define MOETAP_ANALYSIS_STUDIES_ALIGNMENT_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/studies/unaligned_rows.h"
#include "analysis/trace.h"

namespace moetap {

// The rows of two tails, counted from their fork, and those of them that are
// aligned: both numbers ascend.
struct AlignedTails {
  std::vector<std::pair<uint32_t, uint32_t>> rows;
  UnalignedRows unaligned;  // the others, of either tail
};

// How many rows `sequence` has from position `fork` on.
inline uint32_t TailRows(const Sequence& sequence, uint32_t fork) {
  const size_t rows = sequence.tokens.empty() ? 0 : sequence.tokens.size() - 1;
  return rows > fork ? static_cast<uint32_t>(rows - fork) : 0;
}

// Their input tokens.
inline std::span<const uint64_t> TailTokens(const Sequence& sequence,
                                            uint32_t fork) {
  return std::span(sequence.tokens).subspan(fork, TailRows(sequence, fork));
}

class LeafCodes;

// Safe to use from several threads.
class Alignment {
 public:
  virtual ~Alignment() = default;
  virtual std::string_view name() const = 0;  // "position", ...
  // Whether rows are aligned exactly when they stand at the same position:
  // pairs are then found without looking at each pair of sequences.
  virtual bool by_position() const { return false; }
  // Steps that Align needs for the same arguments.
  virtual uint64_t Cost(const Sequence& a, const Sequence& b,
                        uint32_t fork) const = 0;
  // The sequences have equal tokens before position `fork` and different ones
  // there.  Every row of a tail is in one of `rows` or in `unaligned`.  Throws
  // Error if the tails are too long.
  virtual AlignedTails Align(const Sequence& a, const Sequence& b,
                             uint32_t fork) const = 0;
};

// Names of all alignments, the default first.
const std::vector<std::string_view>& AlignmentNames();

// `name` must be one of them.  "assembly" needs the codes of the sequences,
// compiled, which must outlive it; the others ignore them.
std::unique_ptr<Alignment> MakeAlignment(std::string_view name,
                                         const LeafCodes* codes);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ALIGNMENT_H_
