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

struct ForestStats {
  uint64_t sequences = 0;
  uint64_t leaves = 0;           // distinct sequences
  uint64_t forks = 0;            // nodes with two or more ways on
  uint64_t forked_trees = 0;     // trees with at least one fork
  uint64_t branches = 0;         // ways on, summed over forks
  uint64_t depth = 0;            // tokens of the longest sequence
  uint64_t fork_depth = 0;       // most forks on one path
  uint64_t served_tokens = 0;    // of all sequences
  uint64_t distinct_tokens = 0;  // token paths of each tree: what need be
                                 // computed once
  uint64_t shared_tokens = 0;    // served tokens on a path of two or more
                                 // distinct sequences
};

// Memory and time are linear in tokens, but for a sort of the sequences.
// A request whose prompt's length is unknown (0) counts its first token.
Forest BuildForest(const Trace& trace);

ForestStats ComputeForestStats(const Trace& trace, const Forest& forest);

// Node in which each sequence ends; kNone for one without tokens.
std::vector<uint32_t> EndNodes(const Trace& trace, const Forest& forest);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_FORK_TREE_H_
