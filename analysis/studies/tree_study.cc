#include "analysis/studies/tree_study.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace moetap {
namespace {

using Units = std::vector<std::pair<std::string, uint64_t>>;
using Figures = std::vector<std::pair<std::string, std::optional<double>>>;

Units UnitsOf(const ForestStats& stats) {
  return {{"trees", stats.trees},
          {"forked_trees", stats.forked_trees},
          {"nodes", stats.nodes},
          {"sequences", stats.sequences},
          {"leaves", stats.leaves},
          {"identical_sequences", stats.sequences - stats.leaves},
          {"forks", stats.forks},
          {"branches", stats.branches},
          {"most_branches", stats.most_branches},
          {"depth", stats.depth},
          {"fork_depth", stats.fork_depth},
          {"served_tokens", stats.served_tokens},
          {"distinct_tokens", stats.distinct_tokens},
          {"shared_tokens", stats.shared_tokens},
          {"served_rows", stats.rows.all()},
          {"distinct_rows", stats.distinct_rows},
          {"computed_rows", stats.rows.computed},
          {"replayed_rows", stats.rows.replayed},
          {"observed_rows", stats.rows.observed},
          {"inherited_rows", stats.rows.inherited},
          {"missing_rows", stats.rows.missing},
          {"preempted_sequences", stats.preempted_sequences},
          {"pruned_sequences", stats.pruned_sequences},
          {"unreturned_tokens", stats.unreturned_tokens}};
}

std::optional<double> Ratio(uint64_t numerator, uint64_t denominator) {
  if (denominator == 0) return {};
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

Figures FiguresOf(const ForestStats& stats) {
  return {{"branching", Ratio(stats.branches, stats.forks)},
          {"depth.mean", Ratio(stats.leaf_tokens, stats.leaves)},
          {"fork_depth.mean", Ratio(stats.leaf_forks, stats.leaves)},
          {"shared_share", Ratio(stats.shared_tokens, stats.served_tokens)},
          {"distinct_share", Ratio(stats.distinct_tokens, stats.served_tokens)},
          {"computed_share", Ratio(stats.rows.computed, stats.rows.all())},
          {"computed_per_distinct",
           Ratio(stats.rows.computed, stats.distinct_rows)}};
}

// Units and figures, for a tree or a group.
void AddStats(const ForestStats& stats, Json* json) {
  for (const auto& [name, value] : UnitsOf(stats)) {
    (*json)["units"][name] = value;
  }
  for (const auto& [name, value] : FiguresOf(stats)) {
    (*json)["figures"][name] = value ? Json(*value) : Json(nullptr);
  }
}

Json RunJson(const Trace& trace, const ProvenanceRun& run) {
  const Position& position = *run.position;
  Json json = {{"begin", run.begin},
               {"end", run.end},
               {"source", SourceName(position.source)}};
  if (position.source == Source::kInherited) {
    json["from"] = position.from == kNone
                       ? Json(nullptr)
                       : Json(trace.sequences[position.from].id);
  } else if (position.source == Source::kMissing) {
    json["reason"] = MissingReasonName(position.reason);
  }
  json["executions"] = position.executions;
  if (position.unreturned) json["unreturned"] = true;
  return json;
}

Json EndJson(const Trace& trace, const Sequence& sequence) {
  Json json = {{"id", sequence.id},
               {"external_id", sequence.external_id},
               {"parent", sequence.parent},
               {"strategy", sequence.strategy},
               {"prompt", sequence.prompt},
               {"finish_reason", sequence.finish_reason},
               {"preemptions", sequence.preemptions},
               {"prompt_tokens", sequence.prompt_tokens}};
  const bool known = sequence.returned_tokens != kNone;
  json["returned_tokens"] =
      known ? Json(sequence.returned_tokens) : Json(nullptr);
  json["unreturned_tokens"] =
      known ? Json(UnreturnedTokens(sequence)) : Json(nullptr);
  json["runs"] = Json::array();
  for (const ProvenanceRun& run : ProvenanceRuns(sequence)) {
    json["runs"].push_back(RunJson(trace, run));
  }
  return json;
}

// `first` is the number of the capture's first node.
Json NodeJson(const TraceForest& forest, uint32_t index, size_t first,
              const RowCounts& rows) {
  const TreeNode& node = forest.forest->nodes[index];
  const auto& tokens = forest.trace->sequences[node.sequence].tokens;
  Json json = {{"node", first + index}};
  json["parent"] =
      node.parent == kNone ? Json(nullptr) : Json(first + node.parent);
  json["begin"] = node.begin;
  json["tokens"] = std::vector<uint64_t>(tokens.begin() + node.begin,
                                         tokens.begin() + node.end);
  json["sequences"] = node.sequences;
  json["leaves"] = node.leaves;
  json["rows"] = {{"observed", rows.observed},
                  {"inherited", rows.inherited},
                  {"missing", rows.missing},
                  {"computed", rows.computed},
                  {"replayed", rows.replayed}};
  json["ends"] = Json::array();
  for (const uint32_t end : node.ends) {
    json["ends"].push_back(
        EndJson(*forest.trace, forest.trace->sequences[end]));
  }
  return json;
}

// Adds the trees of one capture to `trees` and their figures to `all`.
void AddTrees(const TraceForest& forest, size_t capture, size_t first,
              Json* trees, ForestStats* all) {
  const auto rows = CountNodeRows(*forest.trace, *forest.forest);
  for (size_t t = 0; t < forest.forest->roots.size(); ++t) {
    const ForestStats stats =
        ComputeTreeStats(*forest.trace, *forest.forest, t);
    all->Add(stats);
    Json tree = {{"capture", capture}};
    AddStats(stats, &tree);
    tree["nodes"] = Json::array();
    const uint32_t end = forest.forest->tree_end(t);
    for (uint32_t n = forest.forest->roots[t]; n < end; ++n) {
      tree["nodes"].push_back(NodeJson(forest, n, first, rows[n]));
    }
    trees->push_back(std::move(tree));
  }
}

// One group for each value of `member`, if any is known.
void AddGroups(std::span<const TraceForest> forests, const char* by,
               std::string Sequence::*member, Json* groups) {
  std::map<std::string, ForestStats> stats;
  for (const TraceForest& forest : forests) {
    std::map<std::string_view, std::vector<uint32_t>> sequences;
    const auto& all = forest.trace->sequences;
    for (uint32_t s = 0; s < all.size(); ++s) {
      sequences[all[s].*member].push_back(s);
    }
    for (auto& [name, members] : sequences) {
      const Forest part = BuildForest(*forest.trace, std::move(members));
      stats[std::string(name)].Add(ComputeForestStats(*forest.trace, part));
    }
  }
  if (stats.empty() || stats.rbegin()->first.empty()) return;
  for (const auto& [name, value] : stats) {
    Json group = {{"by", by}, {"name", name}};
    AddStats(value, &group);
    groups->push_back(std::move(group));
  }
}

void SetStatus(const ForestStats& stats, StudyDocument* document) {
  document->WarnOfLosses();
  if (stats.sequences == 0) {
    document->status = StudyStatus::kNotComputable;
    document->reason = "no-sequences";
  } else if (stats.forks == 0) {
    document->status = StudyStatus::kDescriptive;
    document->reason = "no-forks";
  }
}

}  // namespace

TreeStudy RunTree(std::span<const TraceForest> forests,
                  std::vector<StudyInput> inputs) {
  TreeStudy study;
  StudyDocument& document = study.document;
  document.study = "tree";
  document.definitions = {"row@1", "fork-tree@2", "computed@1", "pruned@1"};
  bool ids = true;
  for (const TraceForest& one : forests) ids = ids && one.trace->has_token_ids;
  document.options = {{"tokens", ids ? "full" : "none"}};
  document.inputs = std::move(inputs);
  document.trees = Json::array();
  ForestStats stats;
  size_t first = 0;
  for (size_t c = 0; c < forests.size(); ++c) {
    AddTrees(forests[c], c, first, &document.trees, &stats);
    first += forests[c].forest->nodes.size();
  }
  document.units = UnitsOf(stats);
  for (const auto& [name, estimate] : FiguresOf(stats)) {
    StudyResult result;
    result.name = name;
    result.estimate = estimate;
    result.unit = "capture";
    result.n_units = forests.size();
    document.results.push_back(std::move(result));
  }
  SetStatus(stats, &document);
  AddGroups(forests, "strategy", &Sequence::strategy, &study.groups);
  AddGroups(forests, "prompt", &Sequence::prompt, &study.groups);
  return study;
}

Json TreeJson(TreeStudy study) {
  Json trees = std::move(study.document.trees);
  study.document.trees = nullptr;
  Json json = ToJson(study.document);
  json["trees"] = std::move(trees);
  json["groups"] = std::move(study.groups);
  return json;
}

}  // namespace moetap
