// Logistic regression of several classes, as the study of signatures uses it.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_LOGISTIC_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_LOGISTIC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

// Minimises, over the weights W and intercepts b of the C classes that occur,
//
//   sum_i -log softmax(W x_i + b)[y_i] + 1/2 ||W||^2,
//
// two classes as well (scikit-learn's LogisticRegression, multinomial, with its
// C = 1).  Intercepts are not penalised; adding a number to all changes
// nothing, and the solution is the one whose intercepts sum to 0.  A class
// without training row has no minimum: its intercept falls without end and its
// probability to 0, which is what it gets here.
struct LogisticFit {
  std::vector<uint32_t> present;  // the classes that occur, ascending
  size_t features = 0;
  std::vector<double> weights;     // present classes x features
  std::vector<double> intercepts;  // one per present class
  double objective = 0;            // at the solution
  bool converged = false;  // gradient norm <= 1e-6 max(1, norm of (W, b))
};

// `rows`: labels.size() x features, row after row, standardised, so that their
// squares do not overflow; at least one label.  One thread; a pure function.
LogisticFit FitLogistic(std::span<const double> rows,
                        std::span<const uint32_t> labels);

// Of the present classes at `row` (one value per feature); they sum to 1.
std::vector<double> ClassProbabilities(const LogisticFit& fit,
                                       std::span<const double> row);

// The most probable class; of equal ones the lowest.
uint32_t PredictClass(const LogisticFit& fit, std::span<const double> row);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_LOGISTIC_H_
