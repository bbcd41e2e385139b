// How evenly the tokens of a trace load the experts of each layer.
#ifndef MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_
#define MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_

#include <cstdint>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

struct ExpertLoad {
  std::vector<uint64_t> tokens;  // per expert
  uint64_t total = 0;
  double entropy = 0;   // of the shares, in units of log(experts): 1 is even
  double max_mean = 0;  // the busiest expert's tokens over the mean
  uint32_t unused = 0;  // experts without a token
};

// One per layer, over all effective observed rows.  Ids that are no route or
// out of range do not count.  All figures 0 without tokens.
std::vector<ExpertLoad> ComputeExpertLoad(const Trace& trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EXPERT_LOAD_H_
