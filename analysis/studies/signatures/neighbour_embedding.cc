#include "analysis/studies/signatures/neighbour_embedding.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "analysis/studies/workers.h"

namespace moetap {
namespace {

constexpr double kLeastProbability = std::numeric_limits<double>::epsilon();

// Units by 2.
using Points = Eigen::Array<double, Eigen::Dynamic, 2>;

// Column i: the squared distances of unit i.
Eigen::ArrayXXd SquaredDistances(const SimilarityMatrix& similarity) {
  const auto units = static_cast<Eigen::Index>(similarity.units);
  return (1 - Eigen::Map<const Eigen::ArrayXXd>(similarity.values.data(), units,
                                                units))
      .max(0)
      .square();
}

// Probabilities of the neighbours of one unit at one beta; their entropy.
double Neighbours(const Eigen::ArrayXd& squares, Eigen::Index self, double beta,
                  Eigen::ArrayXd* shares) {
  *shares = (-beta * squares).exp();
  (*shares)(self) = 0;
  const double sum = shares->sum();
  *shares /= sum;
  return std::log(sum) + beta * (*shares * squares).sum();
}

// Bisection for log(perplexity), at most 100 steps: with many equal distances
// no beta reaches it.
Eigen::ArrayXd ConditionalNeighbours(Eigen::ArrayXd squares, Eigen::Index self,
                                     double perplexity) {
  // Less the smallest square, so that not all of them vanish.
  squares(self) = std::numeric_limits<double>::max();
  squares -= squares.minCoeff();
  squares(self) = 0;
  Eigen::ArrayXd shares(squares.size());
  double lo = 0;
  double hi = std::numeric_limits<double>::max();
  double beta = 1;
  for (int step = 0; step < 100; ++step) {
    const double excess =
        Neighbours(squares, self, beta, &shares) - std::log(perplexity);
    if (std::abs(excess) <= 1e-10) break;
    (excess > 0 ? lo : hi) = beta;
    const bool bounded = hi < std::numeric_limits<double>::max();
    beta = bounded ? (lo + hi) / 2 : beta * 2;
  }
  return shares;
}

// P of the paper: symmetric, sums to 1.
Eigen::ArrayXXd JointNeighbours(const Eigen::ArrayXXd& squares,
                                double perplexity) {
  Eigen::ArrayXXd conditional(squares.rows(), squares.cols());
  for (Eigen::Index i = 0; i < squares.cols(); ++i) {
    conditional.col(i) = ConditionalNeighbours(squares.col(i), i, perplexity);
  }
  Eigen::ArrayXXd joint = conditional + conditional.transpose();
  joint = (joint / joint.sum()).max(kLeastProbability);
  joint.matrix().diagonal().setZero();
  return joint;
}

Points ScaledStart(const PrincipalComponents& start) {
  Points points(start.coordinates.size(), 2);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const auto& coordinates = start.coordinates[static_cast<size_t>(i)];
    points.row(i) << coordinates[0], coordinates[1];
  }
  // The mean of each component is 0.
  const double deviation = std::sqrt(points.col(0).square().mean());
  return points * (1e-4 / deviation);
}

class Descent {
 public:
  // `joint` outlives this.
  Descent(const Eigen::ArrayXXd& joint, Points start, double rate)
      : joint_(joint),
        points_(std::move(start)),
        step_(Points::Zero(points_.rows(), 2)),
        gains_(Points::Ones(points_.rows(), 2)),
        gradient_(points_.rows(), 2),
        kernel_(points_.rows(), points_.rows()),
        force_(points_.rows()),
        rate_(rate) {}

  void Run(int iterations, double exaggeration, double momentum) {
    for (int i = 0; i < iterations; ++i) {
      ComputeGradient(exaggeration);
      gains_ = (step_ * gradient_ < 0)
                   .select(gains_ + 0.2, gains_ * 0.8)
                   .max(0.01)
                   .eval();
      step_ = momentum * step_ - rate_ * gains_ * gradient_;
      points_ += step_;
    }
  }

  const Points& points() const { return points_; }

  // KL(P || Q).
  double Divergence() {
    const double sum = ComputeKernel();
    double divergence = 0;
    for (Eigen::Index i = 0; i < points_.rows(); ++i) {
      force_ = joint_.col(i).max(kLeastProbability) /
               (kernel_.col(i) / sum).max(kLeastProbability);
      divergence += (joint_.col(i) * force_.log()).sum();
    }
    return divergence;
  }

 private:
  // 1 / (1 + |y_i - y_j|^2), 0 for i = j; returns their sum.
  double ComputeKernel() {
    const auto x = points_.col(0);
    const auto y = points_.col(1);
    for (Eigen::Index i = 0; i < points_.rows(); ++i) {
      kernel_.col(i) = 1 / (1 + (x(i) - x).square() + (y(i) - y).square());
      kernel_(i, i) = 0;
    }
    return kernel_.sum();
  }

  // 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2).
  void ComputeGradient(double exaggeration) {
    const auto x = points_.col(0);
    const auto y = points_.col(1);
    const double sum = ComputeKernel();
    for (Eigen::Index i = 0; i < points_.rows(); ++i) {
      force_ = (exaggeration * joint_.col(i) -
                (kernel_.col(i) / sum).max(kLeastProbability)) *
               kernel_.col(i);
      gradient_(i, 0) = 4 * (force_ * (x(i) - x)).sum();
      gradient_(i, 1) = 4 * (force_ * (y(i) - y)).sum();
    }
  }

  const Eigen::ArrayXXd& joint_;
  Points points_;
  Points step_;
  Points gains_;
  Points gradient_;
  Eigen::ArrayXXd kernel_;
  Eigen::ArrayXd force_;
  const double rate_;
};

constexpr size_t kDescents = 4;

NeighbourEmbedding Descend(const Eigen::ArrayXXd& joint, const Points& start,
                           double rate) {
  Descent descent(joint, start, rate);
  descent.Run(250, 12, 0.5);
  descent.Run(750, 1, 0.8);
  NeighbourEmbedding result;
  result.divergence = descent.Divergence();
  for (Eigen::Index i = 0; i < start.rows(); ++i) {
    result.coordinates.push_back(
        {descent.points()(i, 0), descent.points()(i, 1)});
  }
  return result;
}

}  // namespace

std::optional<NeighbourEmbedding> EmbedNeighbours(
    const SimilarityMatrix& similarity, const PrincipalComponents& start,
    unsigned threads) {
  if (similarity.units < kLeastUnitsToEmbed) return std::nullopt;
  const auto units = static_cast<double>(similarity.units);
  const double perplexity = std::min(30.0, (units - 1) / 3);
  const double rate = std::max(units / 48, 50.0);
  const Eigen::ArrayXXd joint =
      JointNeighbours(SquaredDistances(similarity), perplexity);
  const Points points = ScaledStart(start);
  std::array<NeighbourEmbedding, kDescents> results;
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    for (size_t i = next++; i < kDescents; i = next++) {
      results[i] =
          Descend(joint, points, std::ldexp(rate, -static_cast<int>(i)));
    }
  });
  NeighbourEmbedding& best = *std::min_element(
      results.begin(), results.end(),
      [](const auto& a, const auto& b) { return a.divergence < b.divergence; });
  best.perplexity = perplexity;
  return std::move(best);
}

}  // namespace moetap
