// The quantile of Student's t that interval estimates need.
#ifndef MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_
#define MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_

namespace moetap {

// t with P(T <= t) = 0.975 for `freedom` >= 1 degrees of freedom.
double StudentT975(double freedom);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_STUDENT_T_H_
