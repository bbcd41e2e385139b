#include <fmt/format.h>

#include <algorithm>

#include "analysis/studies/reasons.h"
#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kTextWidth = 56;
constexpr uint32_t kMaxDepth = 48;  // of the drawing
constexpr size_t kMaxEnds = 4;      // requests named at one leaf

std::string EndText(const Trace& trace, const TreeNode& node) {
  std::string text;
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = trace.sequences[node.ends[i]];
    const std::string& id =
        sequence.external_id.empty() ? sequence.id : sequence.external_id;
    text += (i == 0 ? "  <- " : ", ") + Shorten(EscapeLine(id), 32);
    if (!sequence.finish_reason.empty()) {
      text += " (" + Shorten(EscapeLine(sequence.finish_reason), 16) + ")";
    }
  }
  if (node.ends.size() > kMaxEnds) {
    text += fmt::format(", and {} more", node.ends.size() - kMaxEnds);
  }
  return text;
}

// Draws nodes in preorder; remembers the guides of the levels above.
class Drawing {
 public:
  Drawing(const Trace& trace, const Forest& forest,
          const Vocabulary& vocabulary)
      : trace_(trace),
        forest_(forest),
        vocabulary_(vocabulary),
        depth_(forest.nodes.size(), 0) {}

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
    *text += fmt::format(
        "[{}..{}) x{}  {}{}\n", node.begin, node.end, node.sequences,
        NodeText(trace_, node, vocabulary_, kTextWidth), EndText(trace_, node));
    return true;
  }

 private:
  const Trace& trace_;
  const Forest& forest_;
  const Vocabulary& vocabulary_;
  std::vector<uint32_t> depth_;
  std::vector<bool> guides_;  // per level: the last child, no line below it
};

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  const auto share = [&](const char* name) {
    const auto* result = document.Find(name);
    return result->estimate ? fmt::format("{:.1f} %", 100 * *result->estimate)
                            : std::string("-");
  };
  return fmt::format(
      "{} trees, {} with forks; {} sequences, {} distinct; {} forks of {} "
      "branches\n"
      "longest sequence {} tokens, at most {} forks on one path\n"
      "{} tokens served, {} distinct ({}), {} on shared paths ({})\n\n",
      unit("trees"), unit("forked_trees"), unit("sequences"), unit("leaves"),
      unit("forks"), unit("branches"), unit("depth"), unit("fork_depth"),
      unit("served_tokens"), unit("distinct_tokens"), share("distinct_share"),
      unit("shared_tokens"), share("shared_share"));
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

std::string DotQuote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string TreeText(const Trace& trace, const Forest& forest,
                     const StudyDocument& document,
                     const Vocabulary& vocabulary, size_t max_nodes) {
  std::string text = Header(document);
  Drawing drawing(trace, forest, vocabulary);
  const size_t count = std::min(max_nodes, forest.nodes.size());
  size_t hidden = forest.nodes.size() - count;
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0 && forest.nodes[i].parent == kNone) text += '\n';
    hidden += !drawing.Draw(i, &text);
  }
  if (hidden > 0) {
    text += fmt::format("... and {} more nodes; all are in --json and --dot\n",
                        hidden);
  }
  const std::string notes = Notes(document);
  return notes.empty() ? text : text + "\n" + notes;
}

std::string TreeDot(const Trace& trace, const Forest& forest,
                    const Vocabulary& vocabulary) {
  std::string text =
      "digraph moetap {\n  rankdir=LR;\n"
      "  node [shape=box, fontname=\"monospace\", fontsize=10];\n";
  for (uint32_t i = 0; i < forest.nodes.size(); ++i) {
    const TreeNode& node = forest.nodes[i];
    const std::string label =
        fmt::format("[{}..{}) x{} ", node.begin, node.end, node.sequences) +
        NodeText(trace, node, vocabulary, kTextWidth) + EndText(trace, node);
    text += fmt::format("  n{} [label={}];\n", i, DotQuote(label));
    if (node.parent != kNone) {
      text += fmt::format("  n{} -> n{};\n", node.parent, i);
    }
  }
  return text + "}\n";
}

}  // namespace moetap
