// The quantiles of Student's t that interval estimates need.
#ifndef MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_
#define MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_

namespace moetap {

// t with P(T > t) = `tail` for `freedom` >= 1 degrees of freedom;
// 0.01 <= tail < 0.5.
double StudentT(double tail, double freedom);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_
