#include <algorithm>
#include <utility>

#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

// Order of the trie's edges, whatever order the sequences came in.
uint64_t FirstToken(const Trace& trace, const TreeNode& node) {
  return trace.sequences[node.sequence].tokens[node.begin];
}

// The nodes of the tree at `root` in preorder, children by their first token.
Json PathNodes(const Trace& trace, const Forest& forest, uint32_t root) {
  Json nodes = Json::array();
  std::vector<std::pair<uint32_t, Json>> stack = {{root, nullptr}};
  while (!stack.empty()) {
    auto [index, parent] = std::move(stack.back());
    stack.pop_back();
    const TreeNode& node = forest.nodes[index];
    const auto& tokens = trace.sequences[node.sequence].tokens;
    const size_t number = nodes.size();
    nodes.push_back(
        {{"parent", std::move(parent)},
         {"tokens", std::vector<uint64_t>(tokens.begin() + node.begin,
                                          tokens.begin() + node.end)},
         {"ends", node.ends.size()}});
    auto children = node.children;
    std::sort(children.begin(), children.end(), [&](uint32_t a, uint32_t b) {
      return FirstToken(trace, forest.nodes[a]) >
             FirstToken(trace, forest.nodes[b]);
    });
    for (const uint32_t child : children) stack.emplace_back(child, number);
  }
  return nodes;
}

}  // namespace

std::string TreePaths(std::span<const TraceForest> forests) {
  struct Root {
    const TraceForest* forest;
    uint32_t node;
    const std::vector<uint64_t>& tokens() const {
      return forest->trace->sequences[forest->forest->nodes[node].sequence]
          .tokens;
    }
  };
  std::vector<Root> roots;
  for (const TraceForest& forest : forests) {
    for (const uint32_t node : forest.forest->roots) {
      roots.push_back({&forest, node});
    }
  }
  // No root of a capture begins with another: their own tokens decide.
  std::stable_sort(
      roots.begin(), roots.end(),
      [](const Root& a, const Root& b) { return a.tokens() < b.tokens(); });
  Json trees = Json::array();
  for (const Root& root : roots) {
    trees.push_back({{"nodes", PathNodes(*root.forest->trace,
                                         *root.forest->forest, root.node)}});
  }
  return Json{{"trees", std::move(trees)}}.dump() + "\n";
}

}  // namespace moetap
