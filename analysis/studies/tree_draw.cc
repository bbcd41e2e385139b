#include <fmt/format.h>

#include <algorithm>

#include "analysis/studies/reasons.h"
#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kTextWidth = 56;
constexpr uint32_t kMaxDepth = 48;  // of the drawing
constexpr size_t kMaxEnds = 4;      // requests named at one leaf
constexpr size_t kMaxGroups = 24;   // lines of the table

std::string EndText(const Trace& trace, const TreeNode& node) {
  std::string text;
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = trace.sequences[node.ends[i]];
    text += (i == 0 ? "  <- " : ", ") + EndName(sequence);
    const std::string state = EndState(sequence);
    if (!state.empty()) text += " (" + state + ")";
  }
  if (node.ends.size() > kMaxEnds) {
    text += fmt::format(", and {} more", node.ends.size() - kMaxEnds);
  }
  return text;
}

// Draws nodes in preorder; remembers the guides of the levels above.
class Drawing {
 public:
  Drawing(const TraceForest& forest, const Vocabulary& vocabulary)
      : trace_(*forest.trace),
        forest_(*forest.forest),
        vocabulary_(vocabulary),
        rows_(CountNodeRows(trace_, forest_)),
        depth_(forest_.nodes.size(), 0) {}

  // False if the node lies too deep to be drawn.
  bool Draw(uint32_t index, std::string* text) {
    const TreeNode& node = forest_.nodes[index];
    if (node.parent != kNone) depth_[index] = depth_[node.parent] + 1;
    const uint32_t depth = depth_[index];
    if (depth > kMaxDepth) return false;
    guides_.resize(depth);
    for (uint32_t d = 0; d + 1 < depth; ++d) {
      *text += guides_[d] ? "   " : "│  ";
    }
    if (depth > 0) {
      const auto& siblings = forest_.nodes[node.parent].children;
      guides_[depth - 1] = siblings.back() == index;
      *text += guides_[depth - 1] ? "└─ " : "├─ ";
    }
    const std::string rows = RowsText(rows_[index]);
    *text += fmt::format("[{}..{}) x{}{}{}  {}{}\n", node.begin, node.end,
                         node.sequences, rows.empty() ? "" : " ", rows,
                         NodeText(trace_, node, vocabulary_, kTextWidth),
                         EndText(trace_, node));
    return true;
  }

 private:
  const Trace& trace_;
  const Forest& forest_;
  const Vocabulary& vocabulary_;
  const std::vector<RowCounts> rows_;
  std::vector<uint32_t> depth_;
  std::vector<bool> guides_;  // per level: the last child, no line below it
};

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  const auto figure = [&](const char* name, double times, const char* after) {
    const auto* result = document.Find(name);
    return result->estimate
               ? fmt::format("{:.1f}{}", times * *result->estimate, after)
               : std::string("-");
  };
  const auto share = [&](const char* name) { return figure(name, 100, " %"); };
  std::string text = fmt::format(
      "{} trees, {} with forks; {} sequences, {} distinct; {} forks of {} "
      "branches ({} each, at most {})\n"
      "sequences of {} tokens on average, at most {}; {} forks on a path, at "
      "most {}\n"
      "{} tokens served, {} distinct ({}), {} on shared paths ({})\n",
      unit("trees"), unit("forked_trees"), unit("sequences"), unit("leaves"),
      unit("forks"), unit("branches"), figure("branching", 1, ""),
      unit("most_branches"), figure("depth.mean", 1, ""), unit("depth"),
      figure("fork_depth.mean", 1, ""), unit("fork_depth"),
      unit("served_tokens"), unit("distinct_tokens"), share("distinct_share"),
      unit("shared_tokens"), share("shared_share"));
  text += fmt::format(
      "{} rows served, {} distinct; {} computed ({} of served, {} times the "
      "distinct), {} of them again\n"
      "{} rows observed, {} inherited, {} missing; {} requests preempted, {} "
      "pruned; {} tokens not returned\n",
      unit("served_rows"), unit("distinct_rows"), unit("computed_rows"),
      share("computed_share"), figure("computed_per_distinct", 1, ""),
      unit("replayed_rows"), unit("observed_rows"), unit("inherited_rows"),
      unit("missing_rows"), unit("preempted_sequences"),
      unit("pruned_sequences"), unit("unreturned_tokens"));
  return text;
}

std::string Groups(const Json& groups) {
  if (groups.empty()) return "";
  std::string text =
      fmt::format("\n{:<29} {:>9} {:>9} {:>6} {:>10} {:>10} {:>10} {:>7}\n", "",
                  "sequences", "distinct", "forks", "rows", "r.distinct",
                  "r.computed", "pruned");
  const size_t count = std::min(kMaxGroups, groups.size());
  for (size_t g = 0; g < count; ++g) {
    const Json& group = groups[g];
    const auto unit = [&](const char* name) {
      return group["units"][name].get<uint64_t>();
    };
    const auto name = group["name"].get<std::string>();
    text += fmt::format(
        "{:<8} {:<20} {:>9} {:>9} {:>6} {:>10} {:>10} {:>10} {:>7}\n",
        group["by"].get<std::string>(),
        name.empty() ? "(unknown)" : Shorten(EscapeLine(name), 20),
        unit("sequences"), unit("leaves"), unit("forks"), unit("served_rows"),
        unit("distinct_rows"), unit("computed_rows"), unit("pruned_sequences"));
  }
  if (groups.size() > count) {
    text += fmt::format("... and {} more; all are in --json\n",
                        groups.size() - count);
  }
  return text;
}

std::string Notes(const StudyDocument& document) {
  std::vector<std::string> codes = document.warnings;
  if (!document.reason.empty()) codes.insert(codes.begin(), document.reason);
  std::string text;
  for (const std::string& code : codes) {
    const Reason& reason = FindReason(code);
    text += fmt::format("{}: {}\n    next: {}\n", reason.code, reason.text,
                        reason.next);
  }
  return text;
}

}  // namespace

std::string TreeText(std::span<const TraceForest> forests,
                     const TreeStudy& study, const Vocabulary& vocabulary,
                     size_t max_nodes) {
  std::string text = Header(study.document) + Groups(study.groups) +
                     "\n[positions) xREQUESTS, rows (o observed, i inherited, "
                     "m missing, r computed again), tokens, ends\n";
  size_t hidden = 0;
  size_t left = max_nodes;
  for (const TraceForest& forest : forests) {
    Drawing drawing(forest, vocabulary);
    const auto& nodes = forest.forest->nodes;
    const size_t count = std::min(left, nodes.size());
    left -= count;
    hidden += nodes.size() - count;
    for (uint32_t i = 0; i < count; ++i) {
      if (nodes[i].parent == kNone) text += '\n';
      hidden += !drawing.Draw(i, &text);
    }
  }
  if (hidden > 0) {
    text += fmt::format("... and {} more nodes; all are in --json and --dot\n",
                        hidden);
  }
  const std::string notes = Notes(study.document);
  return notes.empty() ? text : text + "\n" + notes;
}

}  // namespace moetap
