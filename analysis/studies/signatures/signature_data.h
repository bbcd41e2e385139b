// What all parts of the study of signatures look at.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_DATA_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_DATA_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/studies/signatures/signatures.h"
#include "analysis/trace.h"

namespace moetap {

struct SignatureData {
  std::span<const Trace> traces;
  SignatureUnits units;  // those that were drawn
  uint64_t not_drawn = 0;
  std::vector<uint32_t> labels;  // by unit
  std::vector<double> lengths;   // by unit: UnitLengths
  SignatureMatrix matrix;

  size_t classes() const { return units.labels.size(); }
  // Units of the smallest class, 0 without classes.
  size_t smallest_class() const;
  bool has_groups() const;  // some unit is a template, with a name of its own
};

SignatureData LoadSignatureData(std::span<const Trace> traces,
                                const SignatureOptions& options);

// The signatures of the same units over other positions.
SignatureMatrix CountAgain(const SignatureData& data,
                           const CountedPositions& counted, unsigned threads);

// The data of some of its units.
SignatureData TakeUnits(const SignatureData& data,
                        std::span<const size_t> units);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIGNATURE_DATA_H_
