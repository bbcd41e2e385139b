// The locality study: how alike the expert sets of aligned tokens on
// different branches are.  docs/studies.md defines every figure.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/pair_counts.h"
#include "analysis/studies/trie_rows.h"
#include "analysis/trace.h"

namespace moetap {

struct LocalityOptions {
  unsigned threads = 1;
};

// What is to be counted in one trace.  Refers to the trace.
struct LocalityPart {
  const Trace* trace = nullptr;
  Forest forest;
  ForestStats stats;
  TrieRows rows;
};

struct LocalityPlan {
  LocalityOptions options;
  std::vector<LocalityPart> parts;
  uint64_t pairs = 0;
  uint64_t trees_with_pairs = 0;
};

// From here on, intervals are for the population of trees.
inline constexpr uint64_t kTreesForInterval = 10;

// The traces must have the same layers, else throws Error; they must outlive
// the plan.
LocalityPlan PlanLocality(std::span<const Trace> traces,
                          const LocalityOptions& options);

// One sentence for a person who waits.
std::string DescribePlan(const LocalityPlan& plan);

// `progress` as for CountPairs.
StudyDocument RunLocality(const LocalityPlan& plan,
                          std::vector<StudyInput> inputs,
                          const std::function<void(uint64_t)>& progress = {});

// Tables for a terminal.
std::string LocalityText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_H_
