// The rows of a forest: one per token path, however many requests ran it.
#ifndef MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_
#define MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_

#include <cstdint>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

struct TrieRow {
  uint32_t row = kNone;  // in the trace, of the first sequence that has one
  uint32_t node = 0;     // of the forest
  uint64_t input = 0;    // token p
  uint64_t output = 0;   // token p + 1, if output_known
  bool output_known = false;  // the path goes on in exactly one way
};

// Rows of one tree that have routing and stand at one position.
struct RowGroup {
  uint32_t tree = 0;
  uint32_t position = 0;
  std::vector<TrieRow> rows;
};

struct TrieRows {
  std::vector<RowGroup> groups;  // with two or more rows, by tree, position
  uint64_t rows = 0;             // in those groups
  uint64_t pairs = 0;            // of rows of one group
  uint64_t missing_rows = 0;     // token paths that nobody has routing for
  uint64_t shared_rows = 0;      // on two or more distinct sequences; each is
                                 // one row and pairs with no other of them
  uint64_t lone_rows = 0;        // no other row at their position
  uint64_t unknown_outputs = 0;  // rows in groups without output_known
};

// Two distinct rows of one tree at one position always lie below different
// children of their lowest common fork, so the pairs of a group are all pairs
// of fork@1 (docs/studies.md).
TrieRows CollectTrieRows(const Trace& trace, const Forest& forest);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TRIE_ROWS_H_
