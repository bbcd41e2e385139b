// The study "compare": whether and where the routing differs between two
// captures, A and B, of one architecture.  docs/studies.md defines every
// figure.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/trace.h"

namespace moetap {

struct CompareOptions {
  Phase phase = Phase::kPrompt;
  uint32_t permutations = 999;
  uint64_t seed = 1;
  unsigned threads = 1;  // the result is the same for any number
};

// Below, nothing is tested: the figures describe these prompts.
inline constexpr uint64_t kLeastComparedPrompts = 10;

// Throws Error that names the layer unless both traces have the same layers
// with the same, known numbers of experts; k may differ.
StudyDocument RunCompare(const Trace& a, const Trace& b,
                         const CompareOptions& options,
                         std::vector<StudyInput> inputs);

// A table for a terminal, and what was found in words.
std::string CompareText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_COMPARE_H_
