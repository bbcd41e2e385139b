// The rows of a forest: one per token path, however many requests ran it.
#ifndef MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_
#define MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

struct TrieRow {
  uint32_t row = kNone;       // in the trace
  uint32_t sequence = kNone;  // the first, in trace order, that has routing
  uint32_t node = 0;
  uint32_t position = 0;
  uint32_t leaves = 0;        // distinct sequences that have this row
  uint64_t input = 0;         // token p
  uint64_t output = 0;        // token p + 1, if output_known
  bool output_known = false;  // the path goes on in exactly one way
};

// Four bytes per token path.  Refers to the trace and the forest.
class TrieRows {
 public:
  TrieRows(const Trace& trace, const Forest& forest);

  const Trace& trace() const { return *trace_; }
  const Forest& forest() const { return *forest_; }

  // Number of a token path: `position` lies in `node`.
  uint64_t Path(uint32_t node, uint32_t position) const {
    return offsets_[node] + position - forest_->nodes[node].begin;
  }
  uint64_t paths() const { return offsets_.back(); }

  // Distinct sequences that have a row here, routed or not; one that ends with
  // this token has none.
  uint32_t Leaves(uint32_t node, uint32_t position) const;

  // Nothing if nobody has routing for it.
  std::optional<TrieRow> Get(uint32_t node, uint32_t position) const;
  // The tokens p + 1 of the leaves that have `row`, and how many have each.
  std::vector<std::pair<uint64_t, uint32_t>> Outputs(const TrieRow& row) const;

  // Token p of a path with routing.
  uint64_t Input(uint32_t node, uint32_t position) const {
    const uint32_t sequence = sequence_of_[Path(node, position)];
    return trace_->sequences[sequence].tokens[position];
  }
  bool has(uint32_t node, uint32_t position) const {
    return sequence_of_[Path(node, position)] != kNone;
  }

  uint64_t rows() const { return rows_; }        // with routing
  uint64_t missing() const { return missing_; }  // without
  uint64_t shared() const {
    return shared_;
  }  // with routing, of two or more
     // leaves

 private:
  void Count();

  const Trace* trace_;
  const Forest* forest_;
  std::vector<uint64_t> offsets_;      // per node, and the end
  std::vector<uint32_t> sequence_of_;  // per path
  uint64_t rows_ = 0;
  uint64_t missing_ = 0;
  uint64_t shared_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_
