#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kMaxNodes = 600;   // drawn in the page
constexpr uint32_t kMaxDepth = 40;  // of nested elements
constexpr size_t kMaxText = 160;    // characters of a node
constexpr size_t kMaxEnds = 6;      // requests named at one node
constexpr size_t kMaxRuns = 8;      // of one request, in its tooltip
constexpr size_t kMaxGroups = 60;   // lines of the table
constexpr size_t kOpenNodes = 40;   // shown before anything is opened

// Each request that ends at `node`; where its rows come from is the tooltip.
std::string Ends(const ReportInput& input, const TreeNode& node) {
  std::string text;
  for (size_t i = 0; i < node.ends.size() && i < kMaxEnds; ++i) {
    const Sequence& sequence = input.trace->sequences[node.ends[i]];
    text += fmt::format(
        " <span class=id title=\"{}\">{}</span>",
        html::Text(ProvenanceText(*input.trace, sequence, kMaxRuns)),
        html::Text(EndName(sequence)));
    const std::string state = EndState(sequence);
    if (state.empty()) continue;
    text += fmt::format(" <span class={}>({})</span>",
                        sequence.finish_reason == "pruned" ? "off"
                        : sequence.preemptions > 0         ? "warn"
                                                           : "span",
                        html::Text(state));
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
        rows_(CountNodeRows(*input.trace, input.forest)),
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
        "<span class={} title=\"rows: o observed, i inherited, m missing, r "
        "computed again\">{}</span> <code>{}</code>{}",
        node.end - node.begin == 1
            ? fmt::format("{}", node.begin)
            : fmt::format("{}–{}", node.begin, node.end - 1),
        node.sequences, rows_[index].missing > 0 ? "bad" : "span",
        RowsText(rows_[index]),
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
  const std::vector<RowCounts> rows_;
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
  const auto figure = [&](const char* name, double times, const char* after) {
    const auto& estimate = tree.Find(name)->estimate;
    return estimate ? fmt::format("{:.1f}{}", times * *estimate, after) : "–";
  };
  const auto share = [&](const char* name) { return figure(name, 100, " %"); };
  std::string text = fmt::format(
      "<p>{} sequences, {} of them distinct, in {} trees, of which {} fork. "
      "{} forks with {} branches, {} each and at most {}; sequences have {} "
      "tokens on average and at most {}. Of {} tokens served, {} are distinct "
      "paths ({}), and {} lie on paths that distinct sequences share ({}).</p>"
      "\n",
      unit("sequences"), unit("leaves"), unit("trees"), unit("forked_trees"),
      unit("forks"), unit("branches"), figure("branching", 1, ""),
      unit("most_branches"), figure("depth.mean", 1, ""), unit("depth"),
      unit("served_tokens"), unit("distinct_tokens"), share("distinct_share"),
      unit("shared_tokens"), share("shared_share"));
  text += fmt::format(
      "<p>The engine computed {} rows for {} served ({}) and {} distinct: {} "
      "times what a perfect cache computes; {} of them again. {} rows are "
      "observed, {} inherited, {} missing. {} requests were preempted, {} "
      "beams pruned, {} tokens not returned.</p>\n",
      unit("computed_rows"), unit("served_rows"), share("computed_share"),
      unit("distinct_rows"), figure("computed_per_distinct", 1, ""),
      unit("replayed_rows"), unit("observed_rows"), unit("inherited_rows"),
      unit("missing_rows"), unit("preempted_sequences"),
      unit("pruned_sequences"), unit("unreturned_tokens"));
  return text;
}

// The figures of each strategy and prompt.
std::string Groups(const Json& groups) {
  if (groups.empty()) return "";
  const std::pair<const char*, const char*> columns[] = {
      {"sequences", "sequences"},
      {"leaves", "distinct"},
      {"forks", "forks"},
      {"served_rows", "rows served"},
      {"distinct_rows", "distinct"},
      {"computed_rows", "computed"},
      {"pruned_sequences", "pruned"}};
  std::string table = "<div class=wide><table><tr>" + html::Head("requests");
  for (const auto& column : columns) table += html::Head(column.second, true);
  table += "</tr>\n";
  const size_t count = std::min(kMaxGroups, groups.size());
  for (size_t g = 0; g < count; ++g) {
    const Json& group = groups[g];
    const auto name = group["name"].get<std::string>();
    table +=
        "<tr>" +
        html::Cell(group["by"].get<std::string>() + " " +
                   (name.empty() ? "unknown"
                                 : "<code>" + html::Text(Shorten(name, 60)) +
                                       "</code>"));
    for (const auto& column : columns) {
      const Json& value = group["units"][column.first];
      table += html::Cell(html::Count(value.get<uint64_t>()), true);
    }
    table += "</tr>\n";
  }
  table += "</table></div>\n";
  if (groups.size() > count) {
    table += fmt::format(
        "<p class=note>{} of {} lines; <code>moetap tree --json</code> has "
        "all.</p>\n",
        count, groups.size());
  }
  return table;
}

// What was asked for with --select, and what is wrong.
std::string Remarks(const StudyDocument& tree) {
  std::string text;
  if (tree.options.contains("select")) {
    text += fmt::format("<p>Only requests with <code>{}</code>.</p>\n",
                        html::Text(tree.options["select"].get<std::string>()));
  }
  if (!tree.reason.empty()) text += html::ReasonBox(tree.reason);
  for (const std::string& code : tree.warnings) text += html::ReasonBox(code);
  return text;
}

}  // namespace

std::string TreeSection(const ReportInput& input) {
  const Forest& forest = input.forest;
  std::string section = "<h2>Fork tree</h2>\n" + Remarks(input.tree.document) +
                        Summary(input.tree.document) +
                        Groups(input.tree.groups);
  const auto trees = TreesByLeaves(forest);
  if (!trees.empty()) section += TreeFigure(input, trees.front());
  Outline outline(input);
  for (const size_t tree : trees) {
    outline.DrawTree(forest.roots[tree], forest.tree_end(tree));
  }
  section +=
      "<p><button data-open=true>Open all</button>"
      "<button data-open=false>Close all</button> <span class=note>positions, "
      "× sequences, their rows (o observed, i inherited, m missing, r computed "
      "again), token text, requests that end there and where their rows come "
      "from (point at them)</span></p>\n"
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
