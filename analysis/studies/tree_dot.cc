#include <fmt/format.h>

#include <algorithm>

#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kTextWidth = 56;
constexpr size_t kMaxEnds = 4;  // requests named at one node
constexpr size_t kMaxRuns = 8;  // of each in the tooltip

std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Label(const Trace& trace, const TreeNode& node,
                  const Vocabulary& vocabulary) {
  std::string label =
      fmt::format("[{}..{}) x{} ", node.begin, node.end, node.sequences) +
      NodeText(trace, node, vocabulary, kTextWidth);
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = trace.sequences[node.ends[i]];
    label += (i == 0 ? "  <- " : ", ") + EndName(sequence);
    const std::string state = EndState(sequence);
    if (!state.empty()) label += " (" + state + ")";
  }
  if (node.ends.size() > kMaxEnds) {
    label += fmt::format(", and {} more", node.ends.size() - kMaxEnds);
  }
  return label;
}

// The requests that end here, position by position.
std::string Tooltip(const Trace& trace, const TreeNode& node,
                    const RowCounts& rows) {
  std::string text = fmt::format(
      "rows: {} observed, {} inherited, {} missing, {} computed again",
      rows.observed, rows.inherited, rows.missing, rows.replayed);
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = trace.sequences[node.ends[i]];
    text += "\n" + EndName(sequence) + ": " +
            ProvenanceText(trace, sequence, kMaxRuns);
  }
  return text;
}

std::string Style(const Trace& trace, const TreeNode& node,
                  const RowCounts& rows) {
  const auto is = [&](const auto& holds) {
    return [&trace, holds](uint32_t s) { return holds(trace.sequences[s]); };
  };
  const auto& ends = node.ends;
  std::string style;
  if (!ends.empty() && node.children.empty() &&
      std::all_of(ends.begin(), ends.end(), is([](const Sequence& s) {
                    return s.finish_reason == "pruned";
                  }))) {
    style += ", style=dashed";
  }
  if (rows.missing > 0) {
    style += ", color=red";
  } else if (std::any_of(ends.begin(), ends.end(), is([](const Sequence& s) {
                           return s.preemptions > 0;
                         }))) {
    style += ", color=orange";
  }
  return style;
}

}  // namespace

std::string TreeDot(std::span<const TraceForest> forests,
                    const Vocabulary& vocabulary) {
  std::string text =
      "digraph moetap {\n  rankdir=LR;\n"
      "  node [shape=box, fontname=\"monospace\", fontsize=10];\n";
  size_t first = 0;
  for (const auto& [trace, forest] : forests) {
    const auto rows = CountNodeRows(*trace, *forest);
    for (uint32_t i = 0; i < forest->nodes.size(); ++i) {
      const TreeNode& node = forest->nodes[i];
      text += fmt::format("  n{} [label={}, tooltip={}{}];\n", first + i,
                          Quote(Label(*trace, node, vocabulary)),
                          Quote(Tooltip(*trace, node, rows[i])),
                          Style(*trace, node, rows[i]));
      if (node.parent == kNone) continue;
      text += fmt::format("  n{} -> n{};\n", first + node.parent, first + i);
    }
    first += forest->nodes.size();
  }
  return text + "}\n";
}

}  // namespace moetap
