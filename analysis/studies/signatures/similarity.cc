#include "analysis/studies/signatures/similarity.h"

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>

#include "analysis/studies/workers.h"

namespace moetap {
namespace {

using RowMatrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double NegativeEntropy(double share) {
  return share > 0 ? share * std::log2(share) : 0;
}

class Divergences {
 public:
  explicit Divergences(const SignatureMatrix& matrix) : matrix_(matrix) {
    for (size_t u = 0; u < matrix.units(); ++u) {
      for (const FeatureBlock& block : matrix.blocks) AddBlock(u, block);
    }
  }

  double Similarity(size_t a, size_t b) const {
    const size_t blocks = matrix_.blocks.size();
    double sum = 0;
    size_t count = 0;
    for (size_t l = 0; l < blocks; ++l) {
      if (!routed_[a * blocks + l] || !routed_[b * blocks + l]) continue;
      const double own = negative_[a * blocks + l] + negative_[b * blocks + l];
      sum += std::max(0.0, own / 2 - MixtureNegative(a, b, matrix_.blocks[l]));
      ++count;
    }
    return count == 0 ? 0 : 1 - sum / static_cast<double>(count);
  }

 private:
  void AddBlock(size_t unit, const FeatureBlock& block) {
    double negative = 0;
    bool routed = false;
    for (const double share :
         matrix_.row(unit).subspan(block.offset, block.experts)) {
      negative += NegativeEntropy(share);
      routed |= share > 0;
    }
    negative_.push_back(negative);
    routed_.push_back(routed);
  }

  double MixtureNegative(size_t a, size_t b, const FeatureBlock& block) const {
    const double* const p = matrix_.row(a).data() + block.offset;
    const double* const q = matrix_.row(b).data() + block.offset;
    double negative = 0;
    for (size_t e = 0; e < block.experts; ++e) {
      negative += NegativeEntropy((p[e] + q[e]) / 2);
    }
    return negative;
  }

  const SignatureMatrix& matrix_;
  std::vector<double> negative_;  // [unit][block]: minus the entropy in bits
  std::vector<bool> routed_;      // [unit][block]
};

}  // namespace

SimilarityMatrix CosineSimilarity(const SignatureMatrix& matrix) {
  const auto units = static_cast<Eigen::Index>(matrix.units());
  SimilarityMatrix result{matrix.units(), {}};
  result.values.resize(result.units * result.units);
  RowMatrix rows = Eigen::Map<const RowMatrix>(
      matrix.values.data(), units, static_cast<Eigen::Index>(matrix.features));
  for (auto row : rows.rowwise()) row.normalize();  // leaves rows of zeros
  Eigen::Map<RowMatrix> gram(result.values.data(), units, units);
  gram.selfadjointView<Eigen::Lower>().rankUpdate(rows);
  gram.triangularView<Eigen::StrictlyUpper>() = gram.transpose();
  return result;
}

SimilarityMatrix BlockCosineSimilarity(const SignatureMatrix& matrix,
                                       size_t block) {
  return CosineSimilarity(OneLayer(matrix, block));
}

SimilarityMatrix DivergenceSimilarity(const SignatureMatrix& matrix,
                                      unsigned threads) {
  SimilarityMatrix result{matrix.units(), {}};
  const size_t units = result.units;
  result.values.resize(units * units);
  const Divergences divergences(matrix);
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    for (size_t a = next++; a < units; a = next++) {
      for (size_t b = 0; b <= a; ++b) {
        const double similarity = divergences.Similarity(a, b);
        result.values[a * units + b] = similarity;
        result.values[b * units + a] = similarity;
      }
    }
  });
  return result;
}

}  // namespace moetap
