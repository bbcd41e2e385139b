// The study "signatures": whether units of one task use experts more alike than
// units of different tasks, and whether chance, popularity, length or words
// explain it.  docs/studies.md defines every figure.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURES_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURES_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/trace.h"

namespace moetap {

struct SignatureOptions {
  Phase phase = Phase::kPrompt;
  uint32_t permutations = 999;  // of labels, for everything but accuracies
  uint32_t refits = 200;        // of the classifier: permutations, and
                                // synthetic captures of each null model
  uint32_t most_units = 400;    // of more, this many are drawn
  uint64_t seed = 1;
  unsigned threads = 1;
};

// How many calls of `progress` a run makes.
inline constexpr uint64_t kSignatureStages = 6;

// The traces must have the same layers, else throws Error; their sequences have
// labels (analysis/labels.h or InputOptions::category).  The document is the
// same for any number of threads.
StudyDocument RunSignatures(
    std::span<const Trace> traces, const SignatureOptions& options,
    std::vector<StudyInput> inputs,
    const std::function<void()>& progress = [] {});

// Tables for a terminal.
std::string SignaturesText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURES_H_
