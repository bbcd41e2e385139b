#include "analysis/studies/fork_tree.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace moetap {
namespace {

using Tokens = std::vector<uint64_t>;
using Prefix = std::span<const uint64_t>;

bool Begins(Prefix prefix, Prefix tokens) {
  return prefix.size() <= tokens.size() &&
         std::equal(prefix.begin(), prefix.end(), tokens.begin());
}

bool Before(Prefix a, Prefix b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

// The root prompts of `sequences`, sorted.
std::vector<Prefix> RootPrompts(const Trace& trace,
                                const std::vector<uint32_t>& sequences) {
  std::vector<Prefix> prompts;
  for (const uint32_t s : sequences) {
    const Sequence& sequence = trace.sequences[s];
    prompts.push_back(
        Prefix(sequence.tokens).first(std::max(1u, sequence.prompt_tokens)));
  }
  std::sort(prompts.begin(), prompts.end(), Before);
  std::vector<Prefix> roots;
  for (const Prefix prompt : prompts) {
    if (roots.empty() || !Begins(roots.back(), prompt)) roots.push_back(prompt);
  }
  return roots;
}

uint32_t CommonPrefix(const Tokens& a, const Tokens& b) {
  const size_t most = std::min(a.size(), b.size());
  const auto stop = a.begin() + static_cast<ptrdiff_t>(most);
  return static_cast<uint32_t>(std::mismatch(a.begin(), stop, b.begin()).first -
                               a.begin());
}

// Takes the sequences in lexicographic order; the path of the latest one is
// kept as a stack.
class Builder {
 public:
  explicit Builder(const Trace& trace) : trace_(trace) {}

  // `root_length` is that of its root prompt.
  void Add(uint32_t sequence, size_t root_length) {
    const Tokens& tokens = trace_.sequences[sequence].tokens;
    const auto length = static_cast<uint32_t>(tokens.size());
    const uint32_t shared =
        previous_ == kNone
            ? 0
            : CommonPrefix(trace_.sequences[previous_].tokens, tokens);
    const bool equal = previous_ != kNone && shared == length &&
                       trace_.sequences[previous_].tokens.size() == length;
    previous_ = sequence;
    if (equal) {
      nodes_[path_.back()].ends.push_back(sequence);
      return;
    }
    if (shared < root_length) {
      path_.clear();
      roots_.push_back(Append(kNone, 0, length, sequence));
      return;
    }
    while (nodes_[path_.back()].begin >= shared) path_.pop_back();
    if (nodes_[path_.back()].end > shared) Split(path_.back(), shared);
    Append(path_.back(), shared, length, sequence);
  }

  // Nodes in order of creation: a parent may follow its children.
  std::vector<TreeNode>& nodes() { return nodes_; }
  std::vector<uint32_t>& roots() { return roots_; }

 private:
  uint32_t Append(uint32_t parent, uint32_t begin, uint32_t end,
                  uint32_t sequence) {
    const auto index = static_cast<uint32_t>(nodes_.size());
    TreeNode node;
    node.parent = parent;
    node.begin = begin;
    node.end = end;
    node.ends.push_back(sequence);
    nodes_.push_back(std::move(node));
    if (parent != kNone) nodes_[parent].children.push_back(index);
    path_.push_back(index);
    return index;
  }

  // `index` keeps the positions before `at`; a new child takes the rest.
  void Split(uint32_t index, uint32_t at) {
    const auto lower = static_cast<uint32_t>(nodes_.size());
    TreeNode rest;
    rest.parent = index;
    rest.begin = at;
    rest.end = nodes_[index].end;
    rest.children = std::move(nodes_[index].children);
    rest.ends = std::move(nodes_[index].ends);
    for (const uint32_t child : rest.children) nodes_[child].parent = lower;
    nodes_.push_back(std::move(rest));
    nodes_[index].end = at;
    nodes_[index].children = {lower};
    nodes_[index].ends.clear();
  }

  const Trace& trace_;
  uint32_t previous_ = kNone;
  std::vector<TreeNode> nodes_;
  std::vector<uint32_t> roots_;
  std::vector<uint32_t> path_;
};

// Indices of all nodes, each parent before its children.
std::vector<uint32_t> Preorder(const std::vector<TreeNode>& nodes,
                               const std::vector<uint32_t>& roots) {
  std::vector<uint32_t> order;
  std::vector<uint32_t> stack(roots.rbegin(), roots.rend());
  while (!stack.empty()) {
    const uint32_t index = stack.back();
    stack.pop_back();
    order.push_back(index);
    const auto& children = nodes[index].children;
    stack.insert(stack.end(), children.rbegin(), children.rend());
  }
  return order;
}

void CountUpwards(const std::vector<uint32_t>& order,
                  std::vector<TreeNode>* nodes) {
  for (TreeNode& node : *nodes) {
    std::sort(node.ends.begin(), node.ends.end());
    node.sequence = node.ends.empty() ? kNone : node.ends.front();
    node.sequences = static_cast<uint32_t>(node.ends.size());
    node.leaves = node.ends.empty() ? 0 : 1;
  }
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const TreeNode& node = (*nodes)[*it];
    if (node.parent == kNone) continue;
    TreeNode& parent = (*nodes)[node.parent];
    parent.sequence = std::min(parent.sequence, node.sequence);
    parent.sequences += node.sequences;
    parent.leaves += node.leaves;
  }
}

Forest Renumber(std::vector<TreeNode> nodes,
                const std::vector<uint32_t>& order) {
  std::vector<uint32_t> renamed(nodes.size());
  for (uint32_t i = 0; i < order.size(); ++i) renamed[order[i]] = i;
  Forest forest;
  forest.nodes.reserve(nodes.size());
  for (const uint32_t index : order) {
    TreeNode node = std::move(nodes[index]);
    for (uint32_t& child : node.children) child = renamed[child];
    if (node.parent == kNone) {
      forest.roots.push_back(static_cast<uint32_t>(forest.nodes.size()));
    } else {
      node.parent = renamed[node.parent];
    }
    forest.nodes.push_back(std::move(node));
  }
  return forest;
}

}  // namespace

Forest BuildForest(const Trace& trace) {
  std::vector<uint32_t> all(trace.sequences.size());
  std::iota(all.begin(), all.end(), 0);
  return BuildForest(trace, std::move(all));
}

Forest BuildForest(const Trace& trace, std::vector<uint32_t> sorted) {
  const auto& sequences = trace.sequences;
  std::erase_if(sorted,
                [&](uint32_t s) { return sequences[s].tokens.empty(); });
  std::stable_sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    return sequences[a].tokens < sequences[b].tokens;
  });
  Builder builder(trace);
  const std::vector<Prefix> roots = RootPrompts(trace, sorted);
  auto root = roots.begin();
  for (const uint32_t sequence : sorted) {
    // What sorts between a prompt and a sequence it begins, it begins as well.
    if (!Begins(*root, sequences[sequence].tokens)) ++root;
    builder.Add(sequence, root->size());
  }

  auto& nodes = builder.nodes();
  CountUpwards(Preorder(nodes, builder.roots()), &nodes);
  const auto earlier = [&](uint32_t a, uint32_t b) {
    return nodes[a].sequence < nodes[b].sequence;
  };
  for (TreeNode& node : nodes) {
    // A sequence runs through one child only: no ties.
    std::sort(node.children.begin(), node.children.end(), earlier);
  }
  std::sort(builder.roots().begin(), builder.roots().end(), earlier);
  const auto order = Preorder(nodes, builder.roots());
  return Renumber(std::move(nodes), order);
}

}  // namespace moetap
