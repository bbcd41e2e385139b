#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

constexpr uint32_t kMaxLeaves = 160;
constexpr double kLeft = 12;
constexpr double kRight = 848;
constexpr double kTop = 12;

// Height of each node's line: leaves in order, inner nodes at their middle.
std::vector<double> Heights(const Forest& forest, uint32_t first, uint32_t last,
                            double step) {
  std::vector<double> y(last - first, 0);
  double next = kTop;
  for (uint32_t i = first; i < last; ++i) {
    if (!forest.nodes[i].children.empty()) continue;
    y[i - first] = next;
    next += step;
  }
  for (uint32_t i = last; i-- > first;) {
    const auto& children = forest.nodes[i].children;
    if (children.empty()) continue;
    y[i - first] =
        (y[children.front() - first] + y[children.back() - first]) / 2;
  }
  return y;
}

bool AllPruned(const Trace& trace, const TreeNode& node) {
  return std::all_of(node.ends.begin(), node.ends.end(), [&](uint32_t s) {
    return trace.sequences[s].finish_reason == "pruned";
  });
}

// One line per node from `first` on, and a dot where a sequence ends.
std::string NodeLines(const ReportInput& input, uint32_t first,
                      const std::vector<double>& y, uint32_t depth) {
  const Forest& forest = input.forest;
  const auto rows = CountNodeRows(*input.trace, forest);
  const auto x = [&](uint32_t position) {
    return kLeft + (kRight - kLeft) * position / depth;
  };
  std::string svg;
  for (uint32_t i = first; i < first + y.size(); ++i) {
    const TreeNode& node = forest.nodes[i];
    const double at = y[i - first];
    const double from = node.parent == kNone ? at : y[node.parent - first];
    svg += fmt::format(
        "<path class=branch stroke-width={:.1f} d=\"M{:.1f} {:.1f}V{:.1f}"
        "H{:.1f}\"><title>tokens {} to {}, {} sequences; rows: {} observed, "
        "{} inherited, {} missing, {} computed again</title></path>",
        1 + std::log2(node.sequences), x(node.begin), from, at, x(node.end),
        node.begin, node.end - 1, node.sequences, rows[i].observed,
        rows[i].inherited, rows[i].missing, rows[i].replayed);
    if (!node.ends.empty()) {
      svg += fmt::format(
          "<circle class=\"leaf{}\" cx={:.1f} cy={:.1f} r=2.2 />\n",
          AllPruned(*input.trace, node) ? " pruned" : "", x(node.end), at);
    }
  }
  return svg;
}

}  // namespace

std::string TreeFigure(const ReportInput& input, size_t tree) {
  const Forest& forest = input.forest;
  const uint32_t first = forest.roots[tree];
  const uint32_t last = forest.tree_end(tree);
  const TreeNode& root = forest.nodes[first];
  if (root.leaves < 2 || root.leaves > kMaxLeaves) return "";
  uint32_t depth = 1;
  for (uint32_t i = first; i < last; ++i) {
    depth = std::max(depth, forest.nodes[i].end);
  }
  const double step = std::clamp(330.0 / root.leaves, 4.0, 18.0);
  const auto y = Heights(forest, first, last, step);
  const double bottom = *std::max_element(y.begin(), y.end()) + 10;
  return fmt::format(
      "<figure><svg viewBox=\"0 0 860 {:.0f}\" role=img "
      "aria-label=\"The largest fork tree\">{}"
      "<text x={} y={:.1f}>token 0</text><text x={} y={:.1f} "
      "text-anchor=end>{} tokens</text></svg>\n"
      "<figcaption>The tree with the most distinct sequences ({} of them): "
      "tokens to the right, a line per branch, thicker where more sequences "
      "run; dots are ends, hollow ones dropped beams.</figcaption></figure>\n",
      bottom + 22, NodeLines(input, first, y, depth), kLeft, bottom + 16,
      kRight, bottom + 16, html::Count(depth), html::Count(root.leaves));
}

}  // namespace moetap
