// Controls of the study of signatures: what remains of the separation without
// what all prompts share, and among prompts of equal length.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_CONTROLS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_CONTROLS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_units.h"
#include "analysis/trace.h"

namespace moetap {

// Tokens that the prompts of all requests begin and end with.
struct CommonParts {
  uint32_t prefix = 0;
  uint32_t suffix = 0;  // together less than the shortest prompt; 0 where the
                        // trace has prefix hashes
};

// At least one token of each prompt is in neither, unless it is empty.
CommonParts FindCommonParts(std::span<const Trace> traces,
                            std::span<const SignatureUnit> units);

// The positions of the prompt that are in neither part.
PositionRange WithoutCommonParts(const Sequence& sequence,
                                 const CommonParts& common);

// Positions of `range` that have a row.
uint64_t CountedRows(const Sequence& sequence, PositionRange range);

// Of each unit: counted rows, mean over its requests.
std::vector<double> UnitLengths(std::span<const Trace> traces,
                                std::span<const SignatureUnit> units,
                                Phase phase);

// The longest of a matched set is at most this much longer than its shortest.
inline constexpr double kLengthCaliper = 0.1;

// Units of matched sets, each of one unit of every class whose lengths are
// within kLengthCaliper of each other; as many sets as possible.  Ascending.
// Caliper matching of one covariate (Cochran, Rubin, Sankhya A 35, 1973).
std::vector<size_t> MatchLengths(std::span<const double> lengths,
                                 std::span<const uint32_t> labels,
                                 size_t classes);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_CONTROLS_H_
