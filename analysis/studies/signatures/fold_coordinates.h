// What the classifier sees of a fold: its units' standardised features, or the
// same in as many dimensions as the training units span.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLD_COORDINATES_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLD_COORDINATES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"

namespace moetap {

// Rows of `dimensions` values, one after the other, in the order of the units
// asked for.
struct FoldCoordinates {
  size_t dimensions = 0;
  std::vector<double> train;
  std::vector<double> test;
  bool exact = true;  // false: the decomposition failed, there are none
};

// The coordinates of units, numbered from 0, with a scaler fitted to `train`;
// no unit is in both and `train` has at least one.  Pure; any thread may call
// it, several at once.
using FoldFeatures = std::function<FoldCoordinates(
    std::span<const uint32_t> train, std::span<const uint32_t> test)>;

// Mean and population deviation over the training units of one feature.  A
// feature is constant as scikit-learn's StandardScaler has it: if its variance
// is at most n eps variance + (n mean eps)^2, what rounding leaves.
struct FeatureScale {
  double mean = 0;
  double inverse = 0;  // 1 / deviation; 0 for a constant, which thus becomes 0
};
FeatureScale ScaleOf(double mean, double variance, size_t n);

// Coordinates from the inner products of standardised units, `kernel`: (train +
// test) x (train + test), training units first, row after row; only the lower
// triangle is read.  With the training block G = U S U^T they are U S^(1/2),
// and K U S^(-1/2) for the rows K of the test units; eigenvalues below 1e-12 of
// the largest are dropped.  By the representer theorem the penalised minimum
// lies in the span of the training units, where these coordinates are an
// isometry: fits and predictions are those of all features.
FoldCoordinates CoordinatesFromKernel(std::span<const double> kernel,
                                      size_t train, size_t test);

// Some columns of a matrix of units by features, which outlives the view.
struct FeatureView {
  const double* values = nullptr;  // of unit 0
  size_t units = 0;
  size_t features = 0;
  size_t stride = 0;  // from one unit to the next
};
FeatureView AllFeatures(const SignatureMatrix& matrix);
FeatureView BlockFeatures(const SignatureMatrix& matrix, size_t block);

// With more features than training units by their inner products, else the
// standardised features themselves.  All values are finite.
FoldFeatures DenseFeatures(const FeatureView& view);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_FOLD_COORDINATES_H_
