// The parts of the document of the study of signatures.  Each adds results, and
// warnings where a figure cannot be given.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_RESULTS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_RESULTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/signatures/folds.h"
#include "analysis/studies/signatures/signature_data.h"
#include "analysis/studies/signatures/signatures.h"

namespace moetap {

// What was published for OLMoE-1B-7B-0125-Instruct (../docs/studies.md).
Published PublishedSignature(double value);

// A result over the units of the data.
StudyResult UnitResult(std::string name, const SignatureData& data);

inline constexpr uint32_t kSignatureFolds = 5;
inline constexpr uint32_t kSignatureRepeats = 20;

// The same folds for every classifier of these units, each class of which has
// kSignatureFolds units or more.
std::vector<Folds> SignatureFolds(const SignatureData& data,
                                  const SignatureOptions& options);

// The first of them, where one must do.
Folds FirstFolds(const SignatureData& data, const SignatureOptions& options);

// Share of predictions that are the label.
double ShareRight(std::span<const uint32_t> predicted,
                  std::span<const uint32_t> labels);

// Whether Sequence::tokens are ids in all traces.
bool HasTokenIds(const SignatureData& data);

// Similarities by cosine and by divergence, d, gap and their tests; d of each
// layer and its trend.
void AddSeparation(const SignatureData& data, const SignatureOptions& options,
                   StudyDocument* document);

// Accuracies of the signatures, each layer's and the rivals', by folds.
void AddClassifier(const SignatureData& data, const SignatureOptions& options,
                   StudyDocument* document);

// d and accuracy of synthetic captures, with verdicts on the observed ones.
void AddNulls(const SignatureData& data, const SignatureOptions& options,
              StudyDocument* document);

// d and accuracy without common parts, of matched lengths, and by leaving out
// templates.
void AddControls(const SignatureData& data, const SignatureOptions& options,
                 StudyDocument* document);

// How evenly the counted rows load the experts of each layer.
void AddBalance(const SignatureData& data, const SignatureOptions& options,
                StudyDocument* document);

// Principal components and a neighbour embedding of the units.
void AddProjections(const SignatureData& data, const SignatureOptions& options,
                    StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_RESULTS_H_
