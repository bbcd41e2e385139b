// Synthetic decoding steps: which rows of a trace could have been one batch,
// and batches drawn from them.  docs/studies.md defines the kinds.
#ifndef MOETAP_ANALYSIS_STUDIES_SHARING_BATCHES_H_
#define MOETAP_ANALYSIS_STUDIES_SHARING_BATCHES_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

enum class BatchKind : uint8_t { kSiblings, kUnrelated, kCategory };
inline constexpr size_t kBatchKinds = 3;
const char* BatchKindName(BatchKind kind);  // "siblings", ...

inline constexpr std::array<uint32_t, 6> kBatchSizes = {2, 4, 8, 16, 32, 64};

// Rows for the batches of one step.  A batch has at most one row of each
// stratum: siblings have one row in each, other kinds one tree in each.
struct StepRows {
  std::vector<uint32_t> rows;         // of the trace, by stratum
  std::vector<uint32_t> first = {0};  // of each stratum in `rows`, and the end
  std::vector<uint32_t> trees;        // of the forest, one per stratum

  uint32_t strata() const { return static_cast<uint32_t>(trees.size()); }
  uint32_t size(uint32_t stratum) const {
    return first[stratum + 1] - first[stratum];
  }
  std::span<const uint32_t> stratum(uint32_t s) const {
    return std::span(rows).subspan(first[s], size(s));
  }
};

struct DecodeRows {
  std::vector<uint32_t> rows;  // of the trace, one for each token path
  uint64_t missing = 0;        // token paths without routing
  // Per kind: steps with two or more strata.  Siblings by tree and position,
  // unrelated rows by index, those of a category by index and category.
  std::array<std::vector<StepRows>, kBatchKinds> steps;
};

// The rows whose input token some request generated.  `categories`: of each
// tree, "" for none; without them there are no steps of a category.
DecodeRows FindDecodeRows(const Trace& trace, const Forest& forest,
                          std::span<const std::string> categories = {});

// The category that all sequences of a tree have, "" if there is none.
std::vector<std::string> TreeCategories(const Trace& trace,
                                        const Forest& forest);

// Batches of `size` rows: those of batch i are rows[i * size, (i + 1) * size),
// and trees has the tree of each row.  Rows of one tree are neighbours.
struct Batches {
  uint32_t size = 0;
  std::vector<uint32_t> rows;
  std::vector<uint32_t> trees;

  size_t count() const { return rows.size() / size; }
};

// At most `limit` >= 1 batches, as many of each step; all of a step's
// combinations if there are no more than that.  `seed`: see counter_rng.h.
Batches MakeBatches(std::span<const StepRows> steps, BatchKind kind,
                    uint32_t size, uint64_t limit, uint64_t seed);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SHARING_BATCHES_H_
