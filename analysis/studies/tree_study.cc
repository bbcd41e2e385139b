#include "analysis/studies/tree_study.h"

#include <fmt/format.h>

#include <span>

namespace moetap {
namespace {

StudyResult Figure(const char* name, double numerator, double denominator) {
  StudyResult result;
  result.name = name;
  if (denominator > 0) result.estimate = numerator / denominator;
  result.unit = "capture";
  result.n_units = 1;
  return result;
}

Json NodeJson(const Trace& trace, const TreeNode& node, uint32_t index) {
  const auto& tokens = trace.sequences[node.sequence].tokens;
  Json json = {{"node", index}};
  json["parent"] = node.parent == kNone ? Json(nullptr) : Json(node.parent);
  json["begin"] = node.begin;
  json["tokens"] = std::vector<uint64_t>(tokens.begin() + node.begin,
                                         tokens.begin() + node.end);
  json["sequences"] = node.sequences;
  json["leaves"] = node.leaves;
  json["ends"] = Json::array();
  for (const uint32_t end : node.ends) {
    const Sequence& sequence = trace.sequences[end];
    json["ends"].push_back({{"id", sequence.id},
                            {"external_id", sequence.external_id},
                            {"finish_reason", sequence.finish_reason}});
  }
  return json;
}

Json TreesJson(const Trace& trace, const Forest& forest) {
  Json trees = Json::array();
  for (size_t t = 0; t < forest.roots.size(); ++t) {
    Json nodes = Json::array();
    for (uint32_t n = forest.roots[t]; n < forest.tree_end(t); ++n) {
      nodes.push_back(NodeJson(trace, forest.nodes[n], n));
    }
    trees.push_back({{"nodes", std::move(nodes)}});
  }
  return trees;
}

}  // namespace

StudyDocument RunTree(const Trace& trace, const Forest& forest,
                      std::vector<StudyInput> inputs) {
  const ForestStats stats = ComputeForestStats(trace, forest);
  StudyDocument document;
  document.study = "tree";
  document.definitions = {"fork-tree@2"};
  document.options = {{"tokens", trace.has_token_ids ? "full" : "none"}};
  document.inputs = std::move(inputs);
  document.units = {{"trees", forest.roots.size()},
                    {"forked_trees", stats.forked_trees},
                    {"nodes", forest.nodes.size()},
                    {"sequences", stats.sequences},
                    {"leaves", stats.leaves},
                    {"identical_sequences", stats.sequences - stats.leaves},
                    {"forks", stats.forks},
                    {"branches", stats.branches},
                    {"depth", stats.depth},
                    {"fork_depth", stats.fork_depth},
                    {"served_tokens", stats.served_tokens},
                    {"distinct_tokens", stats.distinct_tokens},
                    {"shared_tokens", stats.shared_tokens}};
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  document.results = {
      Figure("branching", number(stats.branches), number(stats.forks)),
      Figure("shared_share", number(stats.shared_tokens),
             number(stats.served_tokens)),
      Figure("distinct_share", number(stats.distinct_tokens),
             number(stats.served_tokens))};
  for (const StudyInput& input : document.inputs) {
    if (!input.losses) continue;
    document.warnings.push_back("drops");
    break;
  }
  if (stats.sequences == 0) {
    document.status = StudyStatus::kNotComputable;
    document.reason = "no-sequences";
  } else if (stats.forks == 0) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "no-forks";
  }
  document.trees = TreesJson(trace, forest);
  return document;
}

std::string NodeText(const Trace& trace, const TreeNode& node,
                     const Vocabulary& vocabulary, size_t width) {
  const auto& tokens = trace.sequences[node.sequence].tokens;
  const std::span<const uint64_t> run(tokens.data() + node.begin,
                                      node.end - node.begin);
  if (!trace.has_token_ids) return fmt::format("#{:016x}", run.back());
  if (!vocabulary.empty()) {
    return Shorten(EscapeLine(vocabulary.Text(run)), width);
  }
  std::string ids;
  for (const uint64_t token : run) ids += fmt::format("{} ", token);
  ids.pop_back();
  return Shorten(ids, width);
}

}  // namespace moetap
