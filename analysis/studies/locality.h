// The locality study: how alike the expert sets of aligned tokens on
// different branches are.  docs/studies.md defines every figure.
#ifndef MOETAP_ANALYSIS_STUDIES_LOCALITY_H_
#define MOETAP_ANALYSIS_STUDIES_LOCALITY_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/alignment.h"
#include "analysis/studies/breakdown.h"
#include "analysis/studies/crossing.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/leaf_codes.h"
#include "analysis/studies/leaf_pairs.h"
#include "analysis/studies/row_groups.h"
#include "analysis/studies/trie_rows.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

enum class Pairing : uint8_t { kFork, kSiblings, kSample };

struct LocalityOptions {
  unsigned threads = 1;
  Pairing pairing = Pairing::kFork;
  uint64_t sample = 0;  // pairs of leaves, with kSample
  std::string alignment = "position";
  bool equivalent = false;  // only pairs of leaves whose codes are equivalent
  // Compiled, and of the traces; needed for alignment "assembly" and for
  // `equivalent`.  Must outlive the plan.
  const LeafCodes* codes = nullptr;
  std::optional<Band> band;  // of the crossing pattern; absent: by the layers
  uint64_t seed = 1;
};

// `text`: "fork", "siblings" or "sample:N" with N >= 1.  False if it is none.
bool ParsePairing(const std::string& text, LocalityOptions* options);

// What is to be counted in one trace.  Refers to the trace.
struct LocalityPart {
  LocalityPart(const Trace& trace, const LocalityOptions& options,
               const Alignment& alignment);
  LocalityPart(const LocalityPart&) = delete;  // its members refer to others
  LocalityPart& operator=(const LocalityPart&) = delete;

  const Trace* trace;
  Forest forest;
  ForestStats stats;
  TrieRows rows;
  AlignmentCounts tails;             // by groups; else filled when aligned
  std::optional<RowGroups> groups;   // or else
  std::vector<uint64_t> leaf_pairs;  // by LeafPairs
  uint64_t steps = 0;                // to align them, ...
  uint64_t most_pairs = 0;           // ... to at most so many pairs of rows
};

struct LocalityPlan {
  LocalityOptions options;
  std::unique_ptr<Alignment> alignment;
  std::unique_ptr<Breakdown> breakdown;
  std::deque<LocalityPart> parts;
  uint64_t pairs = 0;       // of rows; 0 until they are aligned
  uint64_t leaf_pairs = 0;  // that have to be aligned one by one
  uint64_t work() const { return pairs + leaf_pairs; }
};

// From here on, intervals are for the population of trees.
inline constexpr uint64_t kTreesForInterval = 10;

// The traces must have the same layers, else throws Error; they must outlive
// the plan.
LocalityPlan PlanLocality(std::span<const Trace> traces,
                          const LocalityOptions& options,
                          const Vocabulary& vocabulary = {});

// What will be done and what it costs, for a person who waits.
std::string DescribePlan(const LocalityPlan& plan);

// `progress` gets numbers out of plan.work() and, if leaves are aligned, of
// the pairs of rows that this gave.
StudyDocument RunLocality(const LocalityPlan& plan,
                          std::vector<StudyInput> inputs,
                          const std::function<void(uint64_t)>& progress = {});

// Tables for a terminal.
std::string LocalityText(const StudyDocument& document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LOCALITY_H_
