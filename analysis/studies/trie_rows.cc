#include "analysis/studies/trie_rows.h"

#include <algorithm>

namespace moetap {

TrieRows::TrieRows(const Trace& trace, const Forest& forest)
    : trace_(&trace), forest_(&forest) {
  uint64_t next = 0;
  for (const TreeNode& node : forest.nodes) {
    offsets_.push_back(next);
    next += node.end - node.begin;
  }
  offsets_.push_back(next);
  sequence_of_.assign(next, kNone);
  const auto end_nodes = EndNodes(trace, forest);
  for (uint32_t s = 0; s < trace.sequences.size(); ++s) {
    const auto& positions = trace.sequences[s].positions;
    for (uint32_t n = end_nodes[s]; n != kNone; n = forest.nodes[n].parent) {
      const TreeNode& node = forest.nodes[n];
      const uint32_t stop =
          std::min(node.end, static_cast<uint32_t>(positions.size()));
      for (uint32_t p = node.begin; p < stop; ++p) {
        uint32_t& sequence = sequence_of_[Path(n, p)];
        if (positions[p].row != kNone) sequence = std::min(sequence, s);
      }
    }
  }
  Count();
}

void TrieRows::Count() {
  for (uint32_t n = 0; n < forest_->nodes.size(); ++n) {
    const TreeNode& node = forest_->nodes[n];
    for (uint32_t p = node.begin; p < node.end; ++p) {
      const uint32_t leaves = Leaves(n, p);
      if (leaves == 0) continue;
      if (!has(n, p)) {
        ++missing_;
        continue;
      }
      ++rows_;
      shared_ += leaves > 1;
    }
  }
}

uint32_t TrieRows::Leaves(uint32_t index, uint32_t position) const {
  const TreeNode& node = forest_->nodes[index];
  const bool ends_here = position + 1 == node.end && !node.ends.empty();
  return node.leaves - (ends_here ? 1 : 0);
}

std::vector<std::pair<uint64_t, uint32_t>> TrieRows::Outputs(
    const TrieRow& row) const {
  if (row.output_known) return {{row.output, row.leaves}};
  std::vector<std::pair<uint64_t, uint32_t>> outputs;
  for (const uint32_t child : forest_->nodes[row.node].children) {
    const TreeNode& way = forest_->nodes[child];
    outputs.emplace_back(trace_->sequences[way.sequence].tokens[way.begin],
                         way.leaves);
  }
  return outputs;
}

std::optional<TrieRow> TrieRows::Get(uint32_t index, uint32_t position) const {
  const uint32_t sequence = sequence_of_[Path(index, position)];
  if (sequence == kNone) return std::nullopt;
  const TreeNode& node = forest_->nodes[index];
  const Sequence& source = trace_->sequences[sequence];
  TrieRow row;
  row.row = source.positions[position].row;
  row.sequence = sequence;
  row.node = index;
  row.position = position;
  row.leaves = Leaves(index, position);
  row.input = source.tokens[position];
  row.output_known = position + 1 < node.end || node.children.size() == 1;
  if (row.output_known) row.output = source.tokens[position + 1];
  return row;
}

}  // namespace moetap
