#include "analysis/studies/signatures/principal_components.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace moetap {
namespace {

using RowMatrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A variance below this share of what it is part of is rounding.
constexpr double kRounding = 1e-24;

// Units by features; the mean of each feature is 0.
RowMatrix Centred(const SignatureMatrix& matrix) {
  RowMatrix rows = Eigen::Map<const RowMatrix>(
      matrix.values.data(), static_cast<Eigen::Index>(matrix.units()),
      static_cast<Eigen::Index>(matrix.features));
  const Eigen::RowVectorXd means = rows.colwise().mean();
  rows.rowwise() -= means;
  return rows;
}

using Solver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

// Of the smaller of the two products of `rows` and its transpose; they have
// the same eigenvalues but for zeros.
Solver Decompose(const RowMatrix& rows) {
  Eigen::MatrixXd product;
  if (rows.rows() <= rows.cols()) {
    product = rows * rows.transpose();
  } else {
    product = rows.transpose() * rows;
  }
  return Solver(product);
}

// The direction of the component of one eigenvector, of length 1.
Eigen::VectorXd Loadings(const RowMatrix& rows, const Eigen::VectorXd& vector) {
  Eigen::VectorXd loadings = vector;
  if (rows.rows() <= rows.cols()) loadings = rows.transpose() * vector;
  loadings.normalize();
  const double largest = loadings.cwiseAbs().maxCoeff();
  for (const double loading : loadings) {
    if (std::abs(loading) < largest * (1 - 1e-9)) continue;
    return loading < 0 ? Eigen::VectorXd(-loadings) : loadings;
  }
  return loadings;
}

}  // namespace

std::optional<PrincipalComponents> FindPrincipalComponents(
    const SignatureMatrix& matrix) {
  if (matrix.units() < 2) return std::nullopt;
  const RowMatrix rows = Centred(matrix);
  const double total = rows.squaredNorm();
  const auto squares =
      Eigen::Map<const Eigen::VectorXd>(matrix.values.data(), rows.size())
          .squaredNorm();
  if (total <= kRounding * squares) return std::nullopt;
  const Solver solver = Decompose(rows);
  const Eigen::VectorXd variances = solver.eigenvalues().reverse();
  PrincipalComponents result;
  const size_t count =
      std::min({matrix.units() - 1, matrix.features, kMostComponents});
  result.coordinates.resize(matrix.units());
  for (size_t c = 0; c < count; ++c) {
    const auto at = static_cast<Eigen::Index>(c);
    const double share = std::max(0.0, variances(at) / total);
    result.explained.push_back(share);
    // Squaring the features has left about half of the digits.
    if (c >= 2 || share <= 1e-14) continue;
    const Eigen::VectorXd scores =
        rows *
        Loadings(rows, solver.eigenvectors().col(variances.size() - 1 - at));
    for (size_t u = 0; u < matrix.units(); ++u) {
      result.coordinates[u][c] = scores(static_cast<Eigen::Index>(u));
    }
  }
  return result;
}

}  // namespace moetap
