// The usages of two captures under any exchange of their prompts.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_EXCHANGE_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_EXCHANGE_H_

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/usage_change.h"

namespace moetap {

// With half differences and half sums of the n pairs, d_i and s_i, and the
// other units x_j, the usages are ((S + Q) / units of A) and
// ((S + X - Q) / units of B), S = sum s_i, X = sum x_j: only
// Q = sum +-d_i + sum x_j of those that are A's depends on who is whose.  If
// all units are paired, the difference is 2 Q / n, so units that are equal in
// both captures add exact zeros and ties stay ties.
//
// Const functions may be called from any thread.
class UsageExchange {
 public:
  using Vector = Eigen::VectorXd;
  // One replicate per column: of weights, one row per pair or other unit; of
  // sums Q, one per feature.
  using Columns = Eigen::MatrixXd;

  UsageExchange(const SignatureMatrix& a, const SignatureMatrix& b,
                std::span<const UsagePair> pairs);

  // As captured.
  Vector ObservedWeights() const;
  // Of a replicate as MeasureUsageChange defines it.
  Vector Weights(uint64_t seed, uint64_t replicate) const;
  Columns Sums(const Columns& weights) const;

  struct Usages {
    Vector mean;        // of both captures
    Vector difference;  // A - B
  };
  Usages UsagesOf(const Vector& sum) const;

 private:
  using Rows =
      Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  const Eigen::Index pairs_;
  const Eigen::Index others_a_;
  const Eigen::Index others_;
  const double units_a_;
  const double units_b_;
  Rows rows_;      // half differences of the pairs, then other units
  Vector paired_;  // S
  Vector pooled_;  // X
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_USAGE_EXCHANGE_H_
