// The units of the study of signatures: distinct prompts or templates, the
// requests of each, and what was left out.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_UNITS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_UNITS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

// Which rows of a request count.
enum class Phase : uint8_t { kPrompt, kGenerated, kBoth };
const char* PhaseName(Phase phase);  // "prompt", "generated", "both"

struct SequenceRef {
  uint32_t trace = 0;
  uint32_t sequence = 0;
};

struct RowRef {
  uint32_t trace = 0;
  uint32_t row = 0;
};

// Requests whose counted rows stand for the same tokens: with the phase
// kPrompt all requests of a unit with equal prompts, else one request.
struct UnitMember {
  std::vector<SequenceRef> requests;  // at least one
};

struct SignatureUnit {
  std::string name;    // its group, or the client's id of its first request
  uint32_t label = 0;  // index into SignatureUnits::labels
  std::vector<UnitMember> members;

  uint64_t requests() const;
};

// Why a request is in no unit.
enum class LeftOutReason : uint8_t {
  kUnlabelled,   // "unlabelled": no rule gives it a label
  kAmbiguous,    // "ambiguous": rules give it several labels or groups
  kConflicting,  // "conflicting": equal prompts or one group, several labels
  kMissing,      // "missing-rows": more than 1 % of its rows are missing
  kEmpty,        // "no-rows": it has no row of the phase
};
const char* LeftOutReasonName(LeftOutReason reason);

struct LeftOut {
  std::string request;  // the client's id
  LeftOutReason reason = LeftOutReason::kUnlabelled;
};

struct SignatureUnits {
  std::vector<std::string> labels;   // ascending; those of `units`
  std::vector<SignatureUnit> units;  // in order of their first request
  std::vector<LeftOut> left_out;     // by itself first, then for its unit

  // The label of each unit, what all functions of this folder take as `labels`.
  std::vector<uint32_t> unit_labels() const;
};

// Groups the sequences of all traces by Sequence::category (the label), and
// Sequence::group or, where that is empty, by equal prompts.  A sequence with
// `Sequence::ambiguous` is left out.
SignatureUnits FindSignatureUnits(std::span<const Trace> traces, Phase phase);

// Groups them by equal prompts alone, whatever their labels are; there are no
// labels, and the label of each unit is 0.
SignatureUnits FindPromptUnits(std::span<const Trace> traces, Phase phase);

// The tokens of a prompt: ids, or prefix hashes (see Trace).
std::span<const uint64_t> PromptTokens(const Sequence& sequence);

// First position of the phase, and the one behind its last.
struct PositionRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};
PositionRange PhaseRange(const Sequence& sequence, Phase phase);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_UNITS_H_
