// Groups of trie rows whose pairs are those of a study: rows of one tree at one
// position.
#ifndef MOETAP_ANALYSIS_STUDIES_ROW_GROUPS_H_
#define MOETAP_ANALYSIS_STUDIES_ROW_GROUPS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/trie_rows.h"

namespace moetap {

struct RowGroup {
  uint32_t tree = 0;
  std::vector<TrieRow> rows;  // with routing, in preorder of their nodes
};

// Linear in token paths.  Refers to the rows.
class RowGroups {
 public:
  // All rows of a tree at one position: two distinct ones lie below different
  // children of their lowest common fork, so their pairs are those of fork@1.
  static RowGroups Fork(const TrieRows& rows);
  // The rows at one position on the ways on from one fork, each up to the next
  // fork of its branch: the pairs of siblings@1.
  static RowGroups Siblings(const TrieRows& rows);

  size_t size() const { return groups_.size(); }
  uint32_t tree(size_t group) const { return groups_[group].tree; }
  std::span<const uint32_t> nodes(size_t group) const {
    return std::span(nodes_).subspan(
        groups_[group].first, groups_[group].last - groups_[group].first);
  }
  RowGroup Load(size_t group) const;

  // Sides of aligned pairs of leaves: rows with and without routing, ...
  uint64_t aligned_sides() const { return aligned_sides_; }
  // ... and both with routing.
  uint64_t routed_sides() const { return routed_sides_; }
  uint64_t pairs() const { return pairs_; }  // of rows with routing

 private:
  struct Group {
    uint32_t tree = 0;
    uint32_t position = 0;
    uint64_t first = 0;  // in nodes_
    uint64_t last = 0;
  };

  explicit RowGroups(const TrieRows& rows) : rows_(&rows) {}
  // `nodes` in preorder.
  void Add(uint32_t tree, std::span<const uint32_t> nodes);
  void Close(Group group);

  const TrieRows* rows_;
  std::vector<Group> groups_;  // with two or more routed rows
  std::vector<uint32_t> nodes_;
  uint64_t aligned_sides_ = 0;
  uint64_t routed_sides_ = 0;
  uint64_t pairs_ = 0;
};

// The end of the branch that begins with `node`: the position behind its last
// token before the next fork.
uint32_t BranchEnd(const Forest& forest, uint32_t node);

// First position at which the paths that end in two different nodes of one
// tree differ: the end of their lowest common node.
uint32_t ForkPosition(const Forest& forest, uint32_t a, uint32_t b);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ROW_GROUPS_H_
