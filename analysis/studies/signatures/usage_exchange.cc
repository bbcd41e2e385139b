#include "analysis/studies/signatures/usage_exchange.h"

#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"

namespace moetap {
namespace {

using Index = Eigen::Index;

auto RowOf(const SignatureMatrix& matrix, size_t unit) {
  return Eigen::Map<const Eigen::RowVectorXd>(
      matrix.row(unit).data(), static_cast<Index>(matrix.features));
}

}  // namespace

UsageExchange::UsageExchange(const SignatureMatrix& a, const SignatureMatrix& b,
                             std::span<const UsagePair> pairs)
    : pairs_(static_cast<Index>(pairs.size())),
      others_a_(static_cast<Index>(a.units()) - pairs_),
      others_(others_a_ + static_cast<Index>(b.units()) - pairs_),
      units_a_(static_cast<double>(a.units())),
      units_b_(static_cast<double>(b.units())) {
  const auto features = static_cast<Index>(a.features);
  rows_.resize(pairs_ + others_, features);
  paired_ = Vector::Zero(features);
  pooled_ = Vector::Zero(features);
  std::vector<bool> in_pair_a(a.units(), false);
  std::vector<bool> in_pair_b(b.units(), false);
  Index next = 0;
  for (const UsagePair& pair : pairs) {
    rows_.row(next++) = (RowOf(a, pair.a) - RowOf(b, pair.b)) / 2;
    paired_ += (RowOf(a, pair.a) + RowOf(b, pair.b)).transpose() / 2;
    in_pair_a[pair.a] = true;
    in_pair_b[pair.b] = true;
  }
  for (const auto& [matrix, in_pair] :
       {std::pair(&a, &in_pair_a), std::pair(&b, &in_pair_b)}) {
    for (size_t unit = 0; unit < matrix->units(); ++unit) {
      if ((*in_pair)[unit]) continue;
      rows_.row(next++) = RowOf(*matrix, unit);
      pooled_ += RowOf(*matrix, unit).transpose();
    }
  }
}

UsageExchange::Vector UsageExchange::ObservedWeights() const {
  Vector weights = Vector::Zero(rows_.rows());
  weights.head(pairs_ + others_a_).setOnes();
  return weights;
}

UsageExchange::Vector UsageExchange::Weights(uint64_t seed,
                                             uint64_t replicate) const {
  Vector weights = Vector::Zero(rows_.rows());
  uint64_t counter = replicate * static_cast<uint64_t>(rows_.rows());
  for (Index i = 0; i < pairs_; ++i) {
    weights[i] = Draw(seed, kStreamUsage, counter++) >> 63 ? -1 : 1;
  }
  std::vector<Index> order(static_cast<size_t>(others_));
  std::iota(order.begin(), order.end(), Index{0});
  for (size_t i = 0; i < static_cast<size_t>(others_a_); ++i) {
    const size_t other =
        i + Below(seed, kStreamUsage, counter++, order.size() - i);
    std::swap(order[i], order[other]);
    weights[pairs_ + order[i]] = 1;
  }
  return weights;
}

// By rows, so that each is read once for all columns, in a fixed order.
UsageExchange::Columns UsageExchange::Sums(const Columns& weights) const {
  Columns sums = Columns::Zero(rows_.cols(), weights.cols());
  for (Index row = 0; row < rows_.rows(); ++row) {
    for (Index column = 0; column < weights.cols(); ++column) {
      const double weight = weights(row, column);
      if (weight == 0) continue;
      sums.col(column) += weight * rows_.row(row).transpose();
    }
  }
  return sums;
}

UsageExchange::Usages UsageExchange::UsagesOf(const Vector& sum) const {
  const double a = 1 / units_a_;
  const double b = 1 / units_b_;
  return {((paired_ + sum) * a + (paired_ + pooled_ - sum) * b) / 2,
          sum * (a + b) + paired_ * (a - b) - pooled_ * b};
}

}  // namespace moetap
