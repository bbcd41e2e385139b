// The fork trees of a trace, from tokens alone.
//
// All sequences of a trace are merged into a trie.  Sequences that begin with
// one root prompt form one tree; a root prompt is the prompt of some request
// that begins with no other request's prompt.  So unrelated prompts with a
// common opening are trees of their own, and a prompt that goes on where the
// tokens of another request lead is a branch of its tree.  A node is a maximal
// run of tokens that the same sequences share.  Equal sequences are one path.
#ifndef MOETAP_ANALYSIS_STUDIES_FORK_TREE_H_
#define MOETAP_ANALYSIS_STUDIES_FORK_TREE_H_

#include <cstdint>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

struct TreeNode {
  uint32_t parent = kNone;  // index of a node, kNone for a root
  uint32_t begin = 0;       // positions [begin, end) of its sequences
  uint32_t end = 0;
  uint32_t sequence = 0;   // the first that runs through it, in trace order
  uint32_t sequences = 0;  // that run through it, equal ones counted each
  uint32_t leaves = 0;     // distinct sequences that end here or below
  std::vector<uint32_t> children;  // by their `sequence`
  std::vector<uint32_t> ends;      // sequences that end here, in trace order
};

// Trees in order of their first sequence, nodes of a tree in preorder and
// consecutive.  Sequences without tokens are in no tree.
struct Forest {
  std::vector<TreeNode> nodes;
  std::vector<uint32_t> roots;

  uint32_t tree_end(size_t tree) const {
    return tree + 1 < roots.size() ? roots[tree + 1]
                                   : static_cast<uint32_t>(nodes.size());
  }
};

// Rows (docs/studies.md, row@1) of some sequences at some positions.
struct RowCounts {
  uint64_t observed = 0;  // by Source
  uint64_t inherited = 0;
  uint64_t missing = 0;
  uint64_t computed = 0;  // executions, as far as the capture tells
  uint64_t replayed = 0;  // executions but the first of each row

  uint64_t all() const { return observed + inherited + missing; }
  void Add(const Position& position);
  void Add(const RowCounts& other);
};

// Of one tree or of several.  Sums, but for the most_ members.
struct ForestStats {
  uint64_t trees = 0;
  uint64_t nodes = 0;
  uint64_t sequences = 0;
  uint64_t leaves = 0;           // distinct sequences
  uint64_t forks = 0;            // nodes with two or more ways on
  uint64_t forked_trees = 0;     // trees with at least one fork
  uint64_t branches = 0;         // ways on, summed over forks
  uint64_t most_branches = 0;    // of one fork
  uint64_t depth = 0;            // tokens of the longest sequence (a most_)
  uint64_t leaf_tokens = 0;      // tokens of the distinct sequences
  uint64_t fork_depth = 0;       // most forks on one path (a most_)
  uint64_t leaf_forks = 0;       // forks on the paths of the distinct sequences
  uint64_t served_tokens = 0;    // of all sequences
  uint64_t distinct_tokens = 0;  // token paths of each tree
  uint64_t shared_tokens = 0;    // served tokens on a path of two or more
                                 // distinct sequences
  uint64_t distinct_rows = 0;  // token paths that some sequence goes on behind:
                               // what a perfect prefix cache computes
  RowCounts rows;              // of all sequences: what was served
  uint64_t preempted_sequences = 0;
  uint64_t pruned_sequences = 0;   // dropped beams
  uint64_t unreturned_tokens = 0;  // generated, but not for the client

  void Add(const ForestStats& other);
};

// Memory and time are linear in tokens, but for a sort of the sequences.
// A request whose prompt's length is unknown (0) counts its first token.
Forest BuildForest(const Trace& trace);

// Of the sequences with these indices alone, in ascending order.
Forest BuildForest(const Trace& trace, std::vector<uint32_t> sequences);

// Linear in tokens, as all below.
ForestStats ComputeTreeStats(const Trace& trace, const Forest& forest,
                             size_t tree);
ForestStats ComputeForestStats(const Trace& trace, const Forest& forest);

// For each node, the rows of all sequences that run through it at its
// positions.
std::vector<RowCounts> CountNodeRows(const Trace& trace, const Forest& forest);

// Generated tokens of a request that its client did not get; 0 if unknown.
uint64_t UnreturnedTokens(const Sequence& sequence);

// Node in which each sequence ends; kNone for one without tokens.
std::vector<uint32_t> EndNodes(const Trace& trace, const Forest& forest);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_FORK_TREE_H_
