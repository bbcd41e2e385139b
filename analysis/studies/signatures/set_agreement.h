// Whether two captures route the same tokens of the same prompts to the same
// experts.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SET_AGREEMENT_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SET_AGREEMENT_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/intervals.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/studies/signatures/usage_change.h"
#include "analysis/trace.h"

namespace moetap {

// Jaccard indices of the sets of both captures at each prompt position of each
// pair: |x & y| / |x | y|, also where k differs.
struct SetAgreement {
  std::vector<std::vector<RatioSum>> layers;  // [layer][pair]: sum and number
  uint64_t rows = 0;          // prompt positions that have a row in both
  uint64_t missing_rows = 0;  // that lack one in either; in no sum
  // Of those rows, layer by layer, in no sum: sets with an entry that is no
  // route, and with a repeated id or one that is no expert, in either capture.
  uint64_t unrouted_sets = 0;
  uint64_t malformed_sets = 0;
  uint64_t equal_sets = 0;
  uint64_t sets = 0;  // in the sums
};

// A position of a unit has the row of the unit's first request that has one.
// The traces have the same layers but for k; `pairs` index the units.
SetAgreement MeasureAgreement(const Trace& a,
                              std::span<const SignatureUnit> units_a,
                              const Trace& b,
                              std::span<const SignatureUnit> units_b,
                              std::span<const UsagePair> pairs);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SET_AGREEMENT_H_
