#include "analysis/studies/locality.h"

#include "analysis/studies/locality_document.h"
#include "analysis/studies/locality_results.h"
#include "analysis/studies/pair_counts.h"
#include "analysis/studies/set_pairs.h"

namespace moetap {
namespace {

// Why nothing can be compared, or "".
std::string Obstacle(const LocalityPlan& plan) {
  uint64_t sequences = 0;
  uint64_t forks = 0;
  bool large_sets = false;
  bool hashes = false;
  for (const LocalityPart& part : plan.parts) {
    sequences += part.stats.sequences;
    forks += part.stats.forks;
    hashes = hashes || !part.trace->has_token_ids;
    for (const MoeLayer& layer : part.trace->layers) {
      large_sets = large_sets || layer.k > kMaxSetSize;
    }
  }
  if (sequences == 0) return "no-sequences";
  if (hashes) return "tokens-none";
  if (large_sets) return "large-sets";
  if (forks == 0) return "no-forks";
  if (plan.options.codes != nullptr && plan.options.codes->codes() == 0) {
    return "no-codes";
  }
  return "";
}

class Run {
 public:
  Run(const LocalityPlan& plan, StudyDocument* document,
      const std::function<void(uint64_t)>& progress)
      : plan_(plan), document_(*document), progress_(progress) {}

  // False, with the reason in the document, if there is nothing to compare.
  bool Count() {
    document_.reason = Obstacle(plan_);
    if (!document_.reason.empty()) return false;
    Align();
    FindTrees();
    counts_.population = counts_.trees.size() >= kTreesForInterval;
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
      counts_.pairs.Merge(CountPairs(SourceOf(i), !counts_.population,
                                     plan_.options.threads, progress_));
      counts_.noise.Merge(
          CountNoise(*plan_.parts[i].trace, plan_.parts[i].forest));
    }
    if (counts_.trees.empty()) {
      document_.reason = WithoutPairs();
      return false;
    }
    CountElsewhere();
    return true;
  }

  void AddUnits() {
    ForestStats stats;
    uint64_t trees = 0;
    uint64_t routed = 0;
    uint64_t shared = 0;
    uint64_t missing = 0;
    for (const LocalityPart& part : plan_.parts) {
      trees += part.forest.roots.size();
      stats.sequences += part.stats.sequences;
      stats.leaves += part.stats.leaves;
      routed += part.rows.rows();
      shared += part.rows.shared();
      missing += part.rows.missing();
    }
    const PairCounts& pairs = counts_.pairs;
    const AlignmentCounts& tails = counts_.alignment;
    document_.units = {
        {"trees", trees},
        {"trees_with_pairs", counts_.trees.size()},
        {"sequences", stats.sequences},
        {"leaves", stats.leaves},
        {"identical_sequences", stats.sequences - stats.leaves},
        {"rows", pairs.rows},
        {"pairs", pairs_},
        {"shared_rows", shared},
        {"lone_rows", routed - pairs.rows},
        {"missing_rows", missing},
        {"rows_without_output", pairs.unknown_outputs},
        {"unrouted_sets", pairs.unrouted_sets},
        {"malformed_sets", pairs.malformed_sets},
        {"leaf_pairs", tails.leaf_pairs},
        {"prefix_pairs", tails.prefix_pairs},
        {"tail_rows", tails.tail_rows},
        {"elsewhere_same_unmatched", counts_.same_elsewhere.unmatched},
        {"elsewhere_different_unmatched",
         counts_.different_elsewhere.unmatched}};
    for (size_t i = 0; i < kUnalignedNames.size(); ++i) {
      document_.units.emplace_back(kUnalignedNames[i].unit,
                                   tails.unaligned.at(i));
    }
  }

  LocalityCounts& counts() { return counts_; }

 private:
  void Align() {
    counts_.layers = &plan_.parts.front().trace->layers;
    counts_.breakdown = plan_.breakdown.get();
    counts_.band = plan_.options.band;
    counts_.seed = plan_.options.seed;
    lists_.resize(plan_.parts.size());
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
      const LocalityPart& part = plan_.parts[i];
      counts_.alignment.Merge(part.tails);
      if (part.groups) {
        pairs_ += part.groups->pairs();
        continue;
      }
      const LeafPairPlan leaves{&part.rows, plan_.alignment.get(),
                                plan_.options.pairing == Pairing::kSiblings,
                                part.leaf_pairs};
      lists_[i] = AlignLeafPairs(leaves, plan_.options.threads,
                                 &counts_.alignment, progress_);
      for (const TreePairs& list : lists_[i]) pairs_ += list.pairs.size();
    }
  }

  // Why no tree has pairs, though there are forks.
  const char* WithoutPairs() const {
    if (plan_.options.equivalent && plan_.leaf_pairs == 0) {
      return "no-equivalent-codes";
    }
    const uint64_t missing = counts_.alignment.unaligned.at(
        static_cast<size_t>(Unaligned::kMissing));
    return plan_.options.codes != nullptr && missing == 0 ? "no-aligned-rows"
                                                          : "no-rows";
  }

  // Trees with pairs, in the order in which CountPairs has them.
  void FindTrees() {
    uint32_t first = 0;
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
      const LocalityPart& part = plan_.parts[i];
      const auto add = [&](uint32_t tree) {
        if (counts_.trees.empty() || counts_.trees.back() != first + tree) {
          counts_.trees.push_back(first + tree);
        }
      };
      for (size_t g = 0; part.groups && g < part.groups->size(); ++g) {
        add(part.groups->tree(g));
      }
      for (const TreePairs& list : lists_[i]) add(list.tree);
      first += static_cast<uint32_t>(part.forest.roots.size());
    }
  }

  PairSource SourceOf(size_t i) const {
    const LocalityPart& part = plan_.parts[i];
    return {&part.rows, plan_.breakdown.get(), i,
            part.groups ? &*part.groups : nullptr, &lists_[i]};
  }

  void CountElsewhere() {
    std::vector<const TrieRows*> rows;
    TokenPairs tokens;
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
      const LocalityPart& part = plan_.parts[i];
      rows.push_back(&part.rows);
      if (part.groups) {
        tokens.Add(*part.groups);
      } else {
        tokens.Add(part.rows, lists_[i]);
      }
    }
    const ElsewhereRows elsewhere(rows);
    const uint64_t seed = plan_.options.seed;
    counts_.same_elsewhere =
        elsewhere.Same(tokens, seed, counts_.population, plan_.options.threads);
    counts_.different_elsewhere = elsewhere.Different(
        tokens, seed, counts_.population, plan_.options.threads);
  }

  const LocalityPlan& plan_;
  StudyDocument& document_;
  const std::function<void(uint64_t)>& progress_;
  LocalityCounts counts_;
  std::vector<std::vector<TreePairs>> lists_;  // per part; empty with groups
  uint64_t pairs_ = 0;
};

void AddWarnings(StudyDocument* document) {
  document->WarnOfLosses();
  const auto warn = [&](const char* unit, const char* code) {
    if (document->unit(unit) > 0) document->warnings.push_back(code);
  };
  warn("missing_rows", "missing-rows");
  warn("unrouted_sets", "unrouted-sets");
  warn("malformed_sets", "malformed-sets");
}

void AddIntervalDefinitions(const LocalityCounts& counts,
                            StudyDocument* document) {
  auto& definitions = document->definitions;
  if (!counts.population) return definitions.push_back("interval.sequences@2");
  definitions.push_back("interval.trees@2");
  definitions.push_back("interval.mean@1");
  if (counts.pairs.trees.size() >= kTreesForBootstrap) {
    definitions.push_back("interval.bootstrap@2");
  }
}

}  // namespace

StudyDocument RunLocality(const LocalityPlan& plan,
                          std::vector<StudyInput> inputs,
                          const std::function<void(uint64_t)>& progress) {
  StudyDocument document;
  NameLocality(plan, &document);
  document.inputs = std::move(inputs);
  Run run(plan, &document, progress);
  const bool counted = run.Count();
  run.AddUnits();
  AddWarnings(&document);
  if (!counted) {
    document.status = StudyStatus::kNotComputable;
    return document;
  }
  AddLocalityResults(run.counts(), &document);
  const StudyResult* all = document.Find("jaccard.all");
  if (run.counts().population && all->n_effective.value_or(2) < 2) {
    document.warnings.push_back("one-tree");
  }
  AddIntervalDefinitions(run.counts(), &document);
  if (!run.counts().population) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-trees";
  }
  return document;
}

}  // namespace moetap
