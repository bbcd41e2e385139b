#include "analysis/studies/signatures/fold_coordinates.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

namespace moetap {
namespace {

using RowMajor =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Index Signed(size_t n) { return static_cast<Eigen::Index>(n); }

// Training units first.
RowMajor Gather(const FeatureView& view, std::span<const uint32_t> train,
                std::span<const uint32_t> test) {
  RowMajor rows(Signed(train.size() + test.size()), Signed(view.features));
  Eigen::Index at = 0;
  for (const auto units : {train, test}) {
    for (const uint32_t unit : units) {
      rows.row(at++) = Eigen::Map<const Eigen::RowVectorXd>(
          view.values + unit * view.stride, Signed(view.features));
    }
  }
  return rows;
}

void Standardise(size_t train, RowMajor* rows) {
  const Eigen::RowVectorXd mean = rows->topRows(Signed(train)).colwise().mean();
  rows->rowwise() -= mean;
  const Eigen::RowVectorXd variance =
      rows->topRows(Signed(train)).colwise().squaredNorm() /
      static_cast<double>(train);
  Eigen::RowVectorXd inverse(mean.size());
  for (Eigen::Index f = 0; f < mean.size(); ++f) {
    inverse[f] = ScaleOf(mean[f], variance[f], train).inverse;
  }
  rows->array().rowwise() *= inverse.array();
}

FoldCoordinates InSpan(const RowMajor& rows, size_t train, size_t test) {
  RowMajor kernel = RowMajor::Zero(rows.rows(), rows.rows());
  kernel.selfadjointView<Eigen::Lower>().rankUpdate(rows);
  return CoordinatesFromKernel(
      {kernel.data(), static_cast<size_t>(kernel.size())}, train, test);
}

FoldCoordinates AsTheyAre(const RowMajor& rows, size_t train) {
  const double* begin = rows.data();
  const double* test = begin + Signed(train) * rows.cols();
  FoldCoordinates result;
  result.dimensions = static_cast<size_t>(rows.cols());
  result.train.assign(begin, test);
  result.test.assign(test, begin + rows.size());
  return result;
}

}  // namespace

FeatureScale ScaleOf(double mean, double variance, size_t n) {
  const double rounding =
      static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  const double least =
      rounding * variance + (rounding * mean) * (rounding * mean);
  if (variance <= least) return {mean, 0};
  return {mean, 1 / std::sqrt(variance)};
}

FoldCoordinates CoordinatesFromKernel(std::span<const double> kernel,
                                      size_t train, size_t test) {
  const Eigen::Map<const RowMajor> all(kernel.data(), Signed(train + test),
                                       Signed(train + test));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      all.topLeftCorner(Signed(train), Signed(train)));
  FoldCoordinates result;
  result.exact = solver.info() == Eigen::Success;
  if (!result.exact) return result;
  const Eigen::VectorXd& values = solver.eigenvalues();  // ascending
  Eigen::Index dropped = 0;
  const double least = values[values.size() - 1] * 1e-12;
  while (dropped < values.size() && values[dropped] <= least) ++dropped;
  const Eigen::Index kept = values.size() - dropped;
  const Eigen::RowVectorXd roots = values.tail(kept).cwiseSqrt().transpose();
  const auto vectors = solver.eigenvectors().rightCols(kept);
  result.dimensions = static_cast<size_t>(kept);
  result.train.resize(train * result.dimensions);
  result.test.resize(test * result.dimensions);
  Eigen::Map<RowMajor> to_train(result.train.data(), Signed(train), kept);
  Eigen::Map<RowMajor> to_test(result.test.data(), Signed(test), kept);
  to_train = vectors.array().rowwise() * roots.array();
  to_test.noalias() =
      all.bottomLeftCorner(Signed(test), Signed(train)) * vectors;
  to_test.array().rowwise() /= roots.array();
  return result;
}

FeatureView AllFeatures(const SignatureMatrix& matrix) {
  return {matrix.values.data(), matrix.units(), matrix.features,
          matrix.features};
}

FeatureView BlockFeatures(const SignatureMatrix& matrix, size_t block) {
  const FeatureBlock& one = matrix.blocks[block];
  return {matrix.values.data() + one.offset, matrix.units(), one.experts,
          matrix.features};
}

FoldFeatures DenseFeatures(const FeatureView& view) {
  return
      [view](std::span<const uint32_t> train, std::span<const uint32_t> test) {
        RowMajor rows = Gather(view, train, test);
        Standardise(train.size(), &rows);
        return view.features > train.size()
                   ? InSpan(rows, train.size(), test.size())
                   : AsTheyAre(rows, train.size());
      };
}

}  // namespace moetap
