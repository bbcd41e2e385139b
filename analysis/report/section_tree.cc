#include <fmt/format.h>

#include <algorithm>

#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kMaxNodes = 600;   // drawn in the page
constexpr uint32_t kMaxDepth = 40;  // of nested elements
constexpr size_t kMaxText = 160;    // characters of a node
constexpr size_t kMaxEnds = 6;      // requests named at one node
constexpr size_t kOpenNodes = 40;   // shown before anything is opened

std::string Ends(const ReportInput& input, const TreeNode& node) {
  std::string text;
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = input.trace->sequences[node.ends[i]];
    const std::string& id =
        sequence.external_id.empty() ? sequence.id : sequence.external_id;
    text += " <span class=id>" + html::Text(Shorten(EscapeLine(id), 40)) +
            "</span>";
    if (!sequence.finish_reason.empty()) {
      text += " <span class=span>(" +
              html::Text(Shorten(EscapeLine(sequence.finish_reason), 16)) +
              ")</span>";
    }
  }
  if (node.ends.size() > kMaxEnds) {
    text += fmt::format(" and {} more", node.ends.size() - kMaxEnds);
  }
  return text;
}

// Draws subtrees in preorder, within the limits above.
class Outline {
 public:
  explicit Outline(const ReportInput& input)
      : input_(input),
        nodes_(input.forest.nodes),
        shown_(input.forest.nodes.size(), false) {}

  void DrawTree(uint32_t root, uint32_t end) {
    std::vector<uint32_t> open;  // nodes whose element is not closed yet
    for (uint32_t i = root; i < end && drawn_ < kMaxNodes; ++i) {
      const uint32_t parent = nodes_[i].parent;
      if (parent != kNone && !shown_[parent]) continue;  // too deep
      while (!open.empty() && open.back() != parent) Close(&open);
      Draw(i, &open);
    }
    while (!open.empty()) Close(&open);
  }

  size_t drawn() const { return drawn_; }
  const std::string& html() const { return html_; }

 private:
  void Draw(uint32_t index, std::vector<uint32_t>* open) {
    const TreeNode& node = nodes_[index];
    const auto depth = static_cast<uint32_t>(open->size());
    if (depth > kMaxDepth) return;
    ++drawn_;
    shown_[index] = true;
    const std::string line = fmt::format(
        "<span class=span>{}</span> <span class=times>×{}</span> "
        "<code>{}</code>{}",
        node.end - node.begin == 1
            ? fmt::format("{}", node.begin)
            : fmt::format("{}–{}", node.begin, node.end - 1),
        node.sequences,
        Escaped(NodeText(*input_.trace, node, input_.vocabulary, kMaxText)),
        Ends(input_, node));
    if (node.children.empty()) {
      html_ += fmt::format("<div class=leaf>{}</div>\n", line);
      return;
    }
    html_ += fmt::format("<details{}><summary>{}</summary>\n",
                         drawn_ <= kOpenNodes ? " open" : "", line);
    open->push_back(index);
  }

  void Close(std::vector<uint32_t>* open) {
    html_ += "</details>\n";
    open->pop_back();
  }

  // NodeText has escaped control characters already.
  static std::string Escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
      if (c == '<') {
        result += "&lt;";
      } else if (c == '&') {
        result += "&amp;";
      } else {
        result += c;
      }
    }
    return result;
  }

  const ReportInput& input_;
  const std::vector<TreeNode>& nodes_;
  std::vector<bool> shown_;
  std::string html_;
  size_t drawn_ = 0;
};

// Trees with the most leaves first: those without a fork say little.
std::vector<size_t> TreesByLeaves(const Forest& forest) {
  std::vector<size_t> trees(forest.roots.size());
  for (size_t i = 0; i < trees.size(); ++i) trees[i] = i;
  std::stable_sort(trees.begin(), trees.end(), [&](size_t a, size_t b) {
    return forest.nodes[forest.roots[a]].leaves >
           forest.nodes[forest.roots[b]].leaves;
  });
  return trees;
}

std::string Summary(const StudyDocument& tree) {
  const auto unit = [&](const char* name) {
    return html::Count(tree.unit(name));
  };
  const auto share = [&](const char* name) {
    const auto& estimate = tree.Find(name)->estimate;
    return estimate ? fmt::format("{:.1f} %", 100 * *estimate) : "–";
  };
  return fmt::format(
      "<p>{} sequences, {} of them distinct, in {} trees, of which {} fork. "
      "{} forks with {} branches; the longest sequence has {} tokens. Of {} "
      "tokens served, {} are distinct paths ({}), and {} lie on paths that "
      "distinct sequences share ({}).</p>\n",
      unit("sequences"), unit("leaves"), unit("trees"), unit("forked_trees"),
      unit("forks"), unit("branches"), unit("depth"), unit("served_tokens"),
      unit("distinct_tokens"), share("distinct_share"), unit("shared_tokens"),
      share("shared_share"));
}

}  // namespace

std::string TreeSection(const ReportInput& input) {
  const Forest& forest = input.forest;
  std::string section = "<h2>Fork tree</h2>\n" + Summary(input.tree);
  if (!input.tree.reason.empty()) {
    section += html::ReasonBox(input.tree.reason);
  }
  const auto trees = TreesByLeaves(forest);
  if (!trees.empty()) section += TreeFigure(input, trees.front());
  Outline outline(input);
  for (const size_t tree : trees) {
    outline.DrawTree(forest.roots[tree], forest.tree_end(tree));
  }
  section +=
      "<p><button data-open=true>Open all</button>"
      "<button data-open=false>Close all</button> <span class=note>positions, "
      "× sequences, token text, requests that end there</span></p>\n"
      "<div class=tree>\n" +
      outline.html() + "</div>\n";
  if (outline.drawn() < forest.nodes.size()) {
    section += fmt::format(
        "<p class=note>{} of {} nodes are drawn, largest trees first; "
        "<code>moetap tree --json</code> has all.</p>\n",
        html::Count(outline.drawn()), html::Count(forest.nodes.size()));
  }
  return section;
}

}  // namespace moetap
