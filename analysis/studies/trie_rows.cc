#include "analysis/studies/trie_rows.h"

#include <algorithm>

namespace moetap {
namespace {

// Per token path of the forest, in node order: the trace row, or one of these.
constexpr uint32_t kAbsent = kNone;          // no request has this row
constexpr uint32_t kUnobserved = kNone - 1;  // one has, without routing

std::vector<uint64_t> PathOffsets(const Forest& forest) {
  std::vector<uint64_t> offsets;
  uint64_t next = 0;
  for (const TreeNode& node : forest.nodes) {
    offsets.push_back(next);
    next += node.end - node.begin;
  }
  offsets.push_back(next);
  return offsets;
}

std::vector<uint32_t> RowOfPath(const Trace& trace, const Forest& forest,
                                const std::vector<uint64_t>& offsets) {
  std::vector<uint32_t> row_of(offsets.back(), kAbsent);
  const auto end_nodes = EndNodes(trace, forest);
  for (size_t s = 0; s < trace.sequences.size(); ++s) {
    const auto& positions = trace.sequences[s].positions;
    for (uint32_t n = end_nodes[s]; n != kNone; n = forest.nodes[n].parent) {
      const TreeNode& node = forest.nodes[n];
      const uint32_t stop =
          std::min(node.end, static_cast<uint32_t>(positions.size()));
      for (uint32_t p = node.begin; p < stop; ++p) {
        uint32_t& row = row_of[offsets[n] + p - node.begin];
        if (row < kUnobserved) continue;  // an earlier sequence has it
        row = positions[p].row == kNone ? kUnobserved : positions[p].row;
      }
    }
  }
  return row_of;
}

TrieRow MakeRow(const Trace& trace, const Forest& forest, uint32_t index,
                uint32_t position, uint32_t row) {
  const TreeNode& node = forest.nodes[index];
  const auto& tokens = trace.sequences[node.sequence].tokens;
  TrieRow result;
  result.row = row;
  result.node = index;
  result.input = tokens[position];
  if (position + 1 < node.end) {
    result.output = tokens[position + 1];
    result.output_known = true;
  } else if (node.children.size() == 1) {
    const TreeNode& next = forest.nodes[node.children[0]];
    result.output = trace.sequences[next.sequence].tokens[position + 1];
    result.output_known = true;
  }
  return result;
}

void AddGroup(RowGroup group, TrieRows* result) {
  const uint64_t rows = group.rows.size();
  if (rows < 2) {
    result->lone_rows += rows;
    return;
  }
  result->rows += rows;
  result->pairs += rows * (rows - 1) / 2;
  for (const TrieRow& row : group.rows) {
    result->unknown_outputs += !row.output_known;
  }
  result->groups.push_back(std::move(group));
}

}  // namespace

TrieRows CollectTrieRows(const Trace& trace, const Forest& forest) {
  const auto offsets = PathOffsets(forest);
  const auto row_of = RowOfPath(trace, forest, offsets);
  TrieRows result;
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    std::vector<std::vector<TrieRow>> by_position;
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      const TreeNode& node = forest.nodes[n];
      if (by_position.size() < node.end) by_position.resize(node.end);
      for (uint32_t p = node.begin; p < node.end; ++p) {
        const uint32_t row = row_of[offsets[n] + p - node.begin];
        if (row == kAbsent) continue;
        if (node.leaves > 1) ++result.shared_rows;
        if (row == kUnobserved) {
          ++result.missing_rows;
          continue;
        }
        by_position[p].push_back(MakeRow(trace, forest, n, p, row));
      }
    }
    for (uint32_t p = 0; p < by_position.size(); ++p) {
      AddGroup({tree, p, std::move(by_position[p])}, &result);
    }
  }
  return result;
}

}  // namespace moetap
