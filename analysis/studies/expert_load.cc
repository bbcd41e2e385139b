#include "analysis/studies/expert_load.h"

#include <algorithm>
#include <cmath>

namespace moetap {
namespace {

void Summarise(ExpertLoad* load) {
  const auto experts = static_cast<double>(load->tokens.size());
  uint64_t most = 0;
  for (const uint64_t tokens : load->tokens) {
    load->total += tokens;
    load->unused += tokens == 0;
    most = std::max(most, tokens);
  }
  if (load->total == 0) return;
  const auto total = static_cast<double>(load->total);
  load->max_mean = static_cast<double>(most) * experts / total;
  if (load->tokens.size() < 2) return;
  for (const uint64_t tokens : load->tokens) {
    if (tokens == 0) continue;
    const double share = static_cast<double>(tokens) / total;
    load->entropy -= share * std::log(share) / std::log(experts);
  }
}

}  // namespace

std::vector<ExpertLoad> ComputeExpertLoad(const Trace& trace) {
  std::vector<ExpertLoad> loads(trace.layers.size());
  for (size_t l = 0; l < loads.size(); ++l) {
    loads[l].tokens.assign(trace.layers[l].experts, 0);
  }
  for (const Sequence& sequence : trace.sequences) {
    for (const Position& position : sequence.positions) {
      if (position.source != Source::kObserved) continue;
      for (size_t l = 0; l < loads.size(); ++l) {
        for (const uint16_t id : trace.set(position.row, l)) {
          if (id < loads[l].tokens.size()) ++loads[l].tokens[id];
        }
      }
    }
  }
  for (ExpertLoad& load : loads) Summarise(&load);
  return loads;
}

}  // namespace moetap
