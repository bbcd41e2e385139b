// How evenly the tokens of a trace load the experts of each layer.
#ifndef MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_
#define MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_

#include <cstdint>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

// With x(e) the tokens of expert e of n, their sum X and mean m = X / n:
struct ExpertLoad {
  std::vector<uint64_t> tokens;  // x, per expert
  uint64_t total = 0;            // X
  // -sum x/X log(x/X) / log n: Pielou's evenness (Journal of Theoretical
  // Biology 13, 1966), in [0, 1], 1 if even; 0 with fewer than two experts.
  double entropy = 0;
  // sum over e, f of |x(e) - x(f)| / (2 n^2 m), the coefficient of Gini (1912)
  // as Sen (On Economic Inequality, 1973, 2.1) writes it: 0 if even,
  // 1 - 1/n if one expert has all.
  double gini = 0;
  double max_mean = 0;  // the busiest expert's tokens over m
  uint32_t unused = 0;  // dead experts: x = 0
  uint32_t hot = 0;     // experts with x > 2 m
};

// The figures of one layer's counts; those after `total` but `unused` are 0
// without tokens.
ExpertLoad SummariseLoad(std::vector<uint64_t> tokens);

// One per layer, over all effective observed rows.  Ids that are no route or
// out of range do not count.
std::vector<ExpertLoad> ComputeExpertLoad(const Trace& trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_
