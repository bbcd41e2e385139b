#include "analysis/studies/expert_load.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace moetap {
namespace {

double Entropy(const ExpertLoad& load) {
  if (load.tokens.size() < 2) return 0;
  const auto total = static_cast<double>(load.total);
  const double most = std::log(static_cast<double>(load.tokens.size()));
  double entropy = 0;
  for (const uint64_t tokens : load.tokens) {
    if (tokens == 0) continue;
    const double share = static_cast<double>(tokens) / total;
    entropy -= share * std::log(share) / most;
  }
  return entropy;
}

// With x(1) <= ... <= x(n) the double sum is 2 sum (2 i - n - 1) x(i).
double Gini(const ExpertLoad& load) {
  std::vector<uint64_t> sorted = load.tokens;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  double sum = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    sum +=
        (2.0 * static_cast<double>(i) + 1 - n) * static_cast<double>(sorted[i]);
  }
  return sum / (n * static_cast<double>(load.total));
}

}  // namespace

ExpertLoad SummariseLoad(std::vector<uint64_t> tokens) {
  ExpertLoad load;
  load.tokens = std::move(tokens);
  uint64_t most = 0;
  for (const uint64_t one : load.tokens) {
    load.total += one;
    load.unused += one == 0;
    most = std::max(most, one);
  }
  if (load.total == 0) return load;
  const uint64_t experts = load.tokens.size();
  for (const uint64_t one : load.tokens) {
    load.hot += one * experts > 2 * load.total;
  }
  load.max_mean =
      static_cast<double>(most * experts) / static_cast<double>(load.total);
  load.entropy = Entropy(load);
  load.gini = Gini(load);
  return load;
}

std::vector<ExpertLoad> ComputeExpertLoad(const Trace& trace) {
  std::vector<std::vector<uint64_t>> counts;
  for (const MoeLayer& layer : trace.layers) counts.emplace_back(layer.experts);
  for (const Sequence& sequence : trace.sequences) {
    for (const Position& position : sequence.positions) {
      if (position.source != Source::kObserved) continue;
      for (size_t l = 0; l < counts.size(); ++l) {
        for (const uint16_t id : trace.set(position.row, l)) {
          if (id < counts[l].size()) ++counts[l][id];
        }
      }
    }
  }
  std::vector<ExpertLoad> loads;
  for (auto& tokens : counts) loads.push_back(SummariseLoad(std::move(tokens)));
  return loads;
}

}  // namespace moetap
