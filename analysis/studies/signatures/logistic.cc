#include "analysis/studies/signatures/logistic.h"

#include <lbfgs.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <memory>

namespace moetap {
namespace {

using RowMajor =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// libLBFGS stops at a gradient norm of this times max(1, norm of x).  Near
// there the objective falls by less than rounding, and at times the line search
// gives up: what it leaves is good enough if it meets the second bound.  No
// search that succeeds takes near as many evaluations.
constexpr double kAimedGradient = 1e-7;
constexpr double kConvergedGradient = 1e-6;
constexpr int kMostEvaluations = 15;

// The objective as a function of x = (W, b), W class after class.
class Objective {
 public:
  // `targets`: per row the index of its class, below `classes`.
  Objective(std::span<const double> rows, std::vector<Eigen::Index> targets,
            Eigen::Index classes)
      : targets_(std::move(targets)),
        n_(static_cast<Eigen::Index>(targets_.size())),
        features_(static_cast<Eigen::Index>(rows.size()) / n_),
        classes_(classes),
        rows_(rows.data(), n_, features_),
        scores_(n_, classes) {}

  int variables() const { return static_cast<int>((features_ + 1) * classes_); }

  // The value at `x`; its gradient in `gradient`.
  double Evaluate(const double* x, double* gradient) {
    const Eigen::Map<const Eigen::MatrixXd> weights(x, features_, classes_);
    const Eigen::Map<const Eigen::RowVectorXd> intercepts(
        x + features_ * classes_, classes_);
    scores_.noalias() = rows_ * weights;
    scores_.rowwise() += intercepts;
    const double loss = TakeResiduals();
    Eigen::Map<Eigen::MatrixXd> to_weights(gradient, features_, classes_);
    Eigen::Map<Eigen::RowVectorXd> to_intercepts(
        gradient + features_ * classes_, classes_);
    to_weights = weights;
    to_weights.noalias() += rows_.transpose() * scores_;
    to_intercepts = scores_.colwise().sum();
    return loss + weights.squaredNorm() / 2;
  }

 private:
  // Turns scores into probabilities less one where the class is the target;
  // returns the loss.
  double TakeResiduals() {
    scores_.colwise() -= scores_.rowwise().maxCoeff().eval();
    double loss = 0;
    for (Eigen::Index i = 0; i < n_; ++i) {
      loss -= scores_(i, targets_[static_cast<size_t>(i)]);
    }
    scores_ = scores_.array().exp();
    sums_ = scores_.rowwise().sum();
    loss += sums_.array().log().sum();
    scores_.array().colwise() /= sums_.array();
    for (Eigen::Index i = 0; i < n_; ++i) {
      scores_(i, targets_[static_cast<size_t>(i)]) -= 1;
    }
    return loss;
  }

  const std::vector<Eigen::Index> targets_;
  const Eigen::Index n_;
  const Eigen::Index features_;
  const Eigen::Index classes_;
  const Eigen::Map<const RowMajor> rows_;
  Eigen::MatrixXd scores_;  // rows x classes
  Eigen::VectorXd sums_;
};

double EvaluateObjective(void* objective, const double* x, double* gradient,
                         int, double) {
  return static_cast<Objective*>(objective)->Evaluate(x, gradient);
}

struct FreeVariables {
  void operator()(double* x) const { lbfgs_free(x); }
};

// From x = 0, where the intercepts sum to 0; no step changes that.
void Minimise(Objective* objective, LogisticFit* fit) {
  const int n = objective->variables();
  const std::unique_ptr<double, FreeVariables> x(lbfgs_malloc(n));
  std::fill_n(x.get(), n, 0.0);
  lbfgs_parameter_t parameters;
  lbfgs_parameter_init(&parameters);
  parameters.epsilon = kAimedGradient;
  parameters.max_linesearch = kMostEvaluations;
  parameters.max_iterations = 10000;
  lbfgs(n, x.get(), nullptr, EvaluateObjective, nullptr, objective,
        &parameters);
  Eigen::VectorXd gradient(n);
  fit->objective = objective->Evaluate(x.get(), gradient.data());
  const double norm = Eigen::Map<Eigen::VectorXd>(x.get(), n).norm();
  fit->converged = gradient.norm() <= kConvergedGradient * std::max(1.0, norm);
  const std::span<const double> all(x.get(), static_cast<size_t>(n));
  const auto intercepts = all.last(fit->present.size());
  const auto weights = all.first(all.size() - intercepts.size());
  fit->weights.assign(weights.begin(), weights.end());
  fit->intercepts.assign(intercepts.begin(), intercepts.end());
}

}  // namespace

LogisticFit FitLogistic(std::span<const double> rows,
                        std::span<const uint32_t> labels) {
  LogisticFit fit;
  fit.present.assign(labels.begin(), labels.end());
  std::sort(fit.present.begin(), fit.present.end());
  fit.present.erase(std::unique(fit.present.begin(), fit.present.end()),
                    fit.present.end());
  fit.features = rows.size() / labels.size();
  std::vector<Eigen::Index> targets;
  for (const uint32_t label : labels) {
    targets.push_back(
        std::lower_bound(fit.present.begin(), fit.present.end(), label) -
        fit.present.begin());
  }
  Objective objective(rows, std::move(targets),
                      static_cast<Eigen::Index>(fit.present.size()));
  Minimise(&objective, &fit);
  return fit;
}

std::vector<double> ClassProbabilities(const LogisticFit& fit,
                                       std::span<const double> row) {
  std::vector<double> result = fit.intercepts;
  for (size_t c = 0; c < result.size(); ++c) {
    const double* weights = fit.weights.data() + c * fit.features;
    for (size_t f = 0; f < row.size(); ++f) result[c] += weights[f] * row[f];
  }
  const double most = *std::max_element(result.begin(), result.end());
  double sum = 0;
  for (double& value : result) {
    value = std::exp(value - most);
    sum += value;
  }
  for (double& value : result) value /= sum;
  return result;
}

uint32_t PredictClass(const LogisticFit& fit, std::span<const double> row) {
  const auto shares = ClassProbabilities(fit, row);
  const auto most = std::max_element(shares.begin(), shares.end());
  return fit.present[static_cast<size_t>(most - shares.begin())];
}

}  // namespace moetap
