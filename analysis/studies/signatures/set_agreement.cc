#include "analysis/studies/signatures/set_agreement.h"

#include "analysis/studies/row_jaccard.h"
#include "schema/block_format.h"

namespace moetap {
namespace {

uint32_t RowAt(const Trace& trace, const SignatureUnit& unit, uint32_t at) {
  for (const UnitMember& member : unit.members) {
    for (const SequenceRef& request : member.requests) {
      const auto& positions = trace.sequences[request.sequence].positions;
      if (at < positions.size() && positions[at].row != kNone) {
        return positions[at].row;
      }
    }
  }
  return kNone;
}

uint32_t PromptLength(const Trace& trace, const SignatureUnit& unit) {
  const SequenceRef& first = unit.members.front().requests.front();
  return trace.sequences[first.sequence].prompt_tokens;
}

// Adds the sets of two rows to the sums of pair `pair`.
void AddRows(const Trace& a, uint32_t row_a, const Trace& b, uint32_t row_b,
             size_t pair, SetAgreement* to) {
  for (size_t l = 0; l < a.layers.size(); ++l) {
    const auto set_a = a.set(row_a, l);
    const auto set_b = b.set(row_b, l);
    if (set_a.back() == kNoRoute || set_b.back() == kNoRoute) {
      ++to->unrouted_sets;
    } else if (!IsUsable(set_a, a.layers[l].experts) ||
               !IsUsable(set_b, b.layers[l].experts)) {
      ++to->malformed_sets;
    } else {
      const double jaccard = SetJaccard(set_a, set_b);
      to->layers[l][pair].Add({jaccard, 1});
      to->equal_sets += jaccard == 1;
      ++to->sets;
    }
  }
}

}  // namespace

SetAgreement MeasureAgreement(const Trace& a,
                              std::span<const SignatureUnit> units_a,
                              const Trace& b,
                              std::span<const SignatureUnit> units_b,
                              std::span<const UsagePair> pairs) {
  SetAgreement result;
  result.layers.assign(a.layers.size(), std::vector<RatioSum>(pairs.size()));
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    const SignatureUnit& unit_a = units_a[pairs[pair].a];
    const SignatureUnit& unit_b = units_b[pairs[pair].b];
    const uint32_t length = PromptLength(a, unit_a);
    for (uint32_t at = 0; at < length; ++at) {
      const uint32_t row_a = RowAt(a, unit_a, at);
      const uint32_t row_b = RowAt(b, unit_b, at);
      if (row_a == kNone || row_b == kNone) {
        ++result.missing_rows;
        continue;
      }
      ++result.rows;
      AddRows(a, row_a, b, row_b, pair, &result);
    }
  }
  return result;
}

}  // namespace moetap
