// Groups that an ensemble has found, against what it took: codes served or
// tokens computed (effort@1 of docs/studies.md).
#ifndef MOETAP_ANALYSIS_STUDIES_EFFORT_CURVE_H_
#define MOETAP_ANALYSIS_STUDIES_EFFORT_CURVE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/studies/ensembles.h"

namespace moetap {

class EffortCurve {
 public:
  explicit EffortCurve(const Ensemble& ensemble);

  // Nothing if the ensemble served fewer codes, or computed fewer tokens; or
  // other ones than exactly these, if it is whole().
  std::optional<double> AtCodes(uint64_t codes) const;
  std::optional<double> AtTokens(uint64_t tokens) const;

  uint64_t codes() const { return codes_; }
  uint64_t tokens() const { return tokens_; }
  // A beam search: one sample, which cannot be had in part.
  bool whole() const { return kind_ == Kind::kWhole; }

 private:
  enum class Kind : uint8_t { kExchangeable, kInOrder, kWhole };
  struct Step {
    uint64_t tokens = 0;  // up to a code and with it
    double groups = 0;    // then found
  };

  std::vector<Step> StepsInOrder(const Ensemble& ensemble) const;
  std::vector<Step> ExpectedSteps(const Ensemble& ensemble) const;

  Kind kind_;
  uint64_t codes_;
  uint64_t tokens_;
  std::vector<uint64_t> abundances_;
  std::vector<Step> steps_;  // ascending in both
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EFFORT_CURVE_H_
