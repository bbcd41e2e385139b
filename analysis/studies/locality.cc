#include "analysis/studies/locality.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/error.h"
#include "analysis/studies/baselines.h"
#include "analysis/studies/pair_class.h"

namespace moetap {
namespace {

const char* const kOtherModel =
    "another model (Qwen3.5-35B-A3B-FP8, 256 experts, top-8, aligned through "
    "compiler output), and the text does not say which classification it used";

struct LayerBaselines {
  std::optional<double> uniform;
  std::optional<double> ratio;
  std::optional<double> popularity;
};

std::vector<LayerBaselines> ComputeBaselines(
    const std::vector<MoeLayer>& layers, const PairCounts& counts) {
  std::vector<LayerBaselines> result;
  for (size_t l = 0; l < layers.size(); ++l) {
    const uint32_t k = layers[l].k;
    const uint32_t experts = layers[l].experts;
    LayerBaselines one;
    if (k > 0 && experts >= k) {
      one.uniform = UniformExpectation(experts, k);
      one.ratio = RatioOfExpectations(experts, k);
    }
    uint64_t ids = 0;
    for (const uint64_t count : counts.expert_rows[l]) ids += count;
    if (k > 0) {
      one.popularity = PopularityExpectation(counts.expert_rows[l], ids / k, k);
    }
    result.push_back(one);
  }
  return result;
}

// Turns counts into results.
class Summary {
 public:
  Summary(const std::vector<MoeLayer>& layers, const PairCounts& counts,
          bool population)
      : layers_(layers),
        layout_(layers),
        counts_(counts),
        population_(population),
        baselines_(ComputeBaselines(layers, counts)) {}

  bool popularity_failed() const {
    return std::any_of(baselines_.begin(), baselines_.end(),
                       [](const LayerBaselines& b) { return !b.popularity; });
  }

  std::vector<StudyResult> Results() {
    for (const PairClass& one : PairClasses()) AddOverall(one);
    AddMultiple("input.same", 40);
    AddMultiple("input.different", 11);
    AddMultiple("output.same", 40);
    AddMultiple("output.different", 11);
    AddAbove("input");
    AddAbove("output");
    for (size_t l = 0; l < layers_.size(); ++l) {
      for (const PairClass& one : PairClasses()) AddLayer(one, l);
    }
    return std::move(results_);
  }

 private:
  template <typename SumOf>
  StudyResult Estimate(const PairClass& one, const SumOf& sum_of) {
    StudyResult result;
    result.name = std::string("jaccard.") + one.name;
    const PairSum total = sum_of(counts_.total);
    result.estimate = total.mean();
    result.pairs = total.pairs;
    std::vector<PairSum> units;
    for (const Bins& bins : population_ ? counts_.trees : counts_.leaves) {
      units.push_back(sum_of(bins));
    }
    const Interval interval =
        Jackknife(total, units, population_ ? kTreesForInterval : 2);
    result.lo = interval.lo;
    result.hi = interval.hi;
    result.n_units = interval.units;
    result.unit = population_ ? "tree" : "distinct sequence";
    if (interval.lo) {
      result.method = population_ ? "delete-one-tree jackknife, t"
                                  : "delete-one-sequence jackknife, t; "
                                    "conditional on these trees";
    }
    return result;
  }

  void AddLayer(const PairClass& one, size_t l) {
    StudyResult result = Estimate(one, [&](const Bins& bins) {
      return SumLayer(layout_, bins, l, one.cells);
    });
    result.layer = layers_[l].number;
    result.baselines = {{"uniform", baselines_[l].uniform},
                        {"ratio", baselines_[l].ratio},
                        {"popularity", baselines_[l].popularity}};
    result.intersections = Intersections(layout_, counts_.total, l, one.cells);
    results_.push_back(std::move(result));
  }

  void AddOverall(const PairClass& one) {
    StudyResult result = Estimate(one, [&](const Bins& bins) {
      return SumAll(layout_, bins, one.cells);
    });
    result.baselines = {{"uniform", Mean(one, &LayerBaselines::uniform)},
                        {"ratio", Mean(one, &LayerBaselines::ratio)},
                        {"popularity", Mean(one, &LayerBaselines::popularity)}};
    const std::string name = one.name;
    if (name == "input.same" || name == "output.same") {
      result.published = Published{0.649, false, kOtherModel};
    } else if (name == "input.different" || name == "output.different") {
      result.published = Published{0.175, false, kOtherModel};
    }
    results_.push_back(std::move(result));
  }

  // A baseline over all layers, weighted as the pairs of the class are.
  std::optional<double> Mean(const PairClass& one,
                             std::optional<double> LayerBaselines::*which) {
    double sum = 0;
    uint64_t pairs = 0;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const uint64_t here =
          SumLayer(layout_, counts_.total, l, one.cells).pairs;
      if (here == 0) continue;
      const auto& value = baselines_[l].*which;
      if (!value) return std::nullopt;
      sum += static_cast<double>(here) * *value;
      pairs += here;
    }
    if (pairs == 0) return std::nullopt;
    return sum / static_cast<double>(pairs);
  }

  // How many times the ratio baseline the overall estimate is.
  void AddMultiple(const std::string& name, double published) {
    StudyResult result;
    result.name = "multiple." + name;
    for (const StudyResult& other : results_) {
      if (other.name != "jaccard." + name) continue;
      const auto& ratio = other.baselines[1].second;
      if (other.estimate && ratio) result.estimate = *other.estimate / *ratio;
      result.pairs = other.pairs;
      result.unit = other.unit;
      result.n_units = other.n_units;
    }
    result.published = Published{published, false, kOtherModel};
    results_.push_back(std::move(result));
  }

  // Share of the layers with both classes in which same > different.
  void AddAbove(const std::string& classification) {
    uint32_t same = 0;
    uint32_t different = 0;
    for (const PairClass& one : PairClasses()) {
      if (one.name == classification + ".same") same = one.cells;
      if (one.name == classification + ".different") different = one.cells;
    }
    StudyResult result;
    result.name = "layers_above." + classification;
    result.unit = "layer";
    uint64_t above = 0;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const auto a = SumLayer(layout_, counts_.total, l, same).mean();
      const auto b = SumLayer(layout_, counts_.total, l, different).mean();
      if (!a || !b) continue;
      ++result.n_units;
      above += *a > *b;
    }
    if (result.n_units > 0) {
      result.estimate =
          static_cast<double>(above) / static_cast<double>(result.n_units);
    }
    result.published = Published{1, false, kOtherModel};
    results_.push_back(std::move(result));
  }

  const std::vector<MoeLayer>& layers_;
  const BinLayout layout_;
  const PairCounts& counts_;
  const bool population_;
  const std::vector<LayerBaselines> baselines_;
  std::vector<StudyResult> results_;
};

void RequireSameLayers(const Trace& first, const Trace& other) {
  const auto same = [](const MoeLayer& a, const MoeLayer& b) {
    return a.number == b.number && a.experts == b.experts && a.k == b.k;
  };
  if (std::equal(first.layers.begin(), first.layers.end(), other.layers.begin(),
                 other.layers.end(), same)) {
    return;
  }
  throw Error(
      "the captures have different MoE layers, so they cannot be one study; "
      "give captures of one model");
}

// Why nothing can be computed, or "".
std::string Obstacle(const LocalityPlan& plan) {
  uint64_t sequences = 0;
  uint64_t forks = 0;
  for (const LocalityPart& part : plan.parts) {
    sequences += part.stats.sequences;
    forks += part.stats.forks;
  }
  if (sequences == 0) return "no-sequences";
  for (const LocalityPart& part : plan.parts) {
    if (!part.trace->has_token_ids) return "tokens-none";
  }
  if (forks == 0) return "no-forks";
  if (plan.pairs == 0) return "no-rows";
  return "";
}

void AddUnits(const LocalityPlan& plan, StudyDocument* document) {
  uint64_t trees = 0;
  ForestStats stats;
  TrieRows rows;
  for (const LocalityPart& part : plan.parts) {
    trees += part.forest.roots.size();
    stats.sequences += part.stats.sequences;
    stats.leaves += part.stats.leaves;
    rows.rows += part.rows.rows;
    rows.shared_rows += part.rows.shared_rows;
    rows.lone_rows += part.rows.lone_rows;
    rows.missing_rows += part.rows.missing_rows;
    rows.unknown_outputs += part.rows.unknown_outputs;
  }
  document->units = {{"trees", trees},
                     {"trees_with_pairs", plan.trees_with_pairs},
                     {"sequences", stats.sequences},
                     {"leaves", stats.leaves},
                     {"identical_sequences", stats.sequences - stats.leaves},
                     {"rows", rows.rows},
                     {"pairs", plan.pairs},
                     {"shared_rows", rows.shared_rows},
                     {"lone_rows", rows.lone_rows},
                     {"missing_rows", rows.missing_rows},
                     {"rows_without_output", rows.unknown_outputs}};
}

void AddWarnings(StudyDocument* document) {
  for (const StudyInput& input : document->inputs) {
    if (input.losses) {
      document->warnings.push_back("drops");
      break;
    }
  }
  const auto warn = [&](const char* unit, const char* code) {
    if (document->unit(unit) > 0) document->warnings.push_back(code);
  };
  warn("missing_rows", "missing-rows");
  warn("unrouted_sets", "unrouted-sets");
  warn("malformed_sets", "malformed-sets");
}

}  // namespace

LocalityPlan PlanLocality(std::span<const Trace> traces,
                          const LocalityOptions& options) {
  LocalityPlan plan;
  plan.options = options;
  for (const Trace& trace : traces) {
    RequireSameLayers(traces.front(), trace);
    LocalityPart part;
    part.trace = &trace;
    part.forest = BuildForest(trace);
    part.stats = ComputeForestStats(trace, part.forest);
    part.rows = CollectTrieRows(trace, part.forest);
    plan.pairs += part.rows.pairs;
    uint32_t last = kNone;
    for (const RowGroup& group : part.rows.groups) {
      plan.trees_with_pairs += group.tree != last;
      last = group.tree;
    }
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

std::string DescribePlan(const LocalityPlan& plan) {
  uint64_t rows = 0;
  for (const LocalityPart& part : plan.parts) rows += part.rows.rows;
  const size_t layers =
      plan.parts.empty() ? 0 : plan.parts.front().trace->layers.size();
  return fmt::format("{} pairs of {} rows in {} trees, {} layers each",
                     plan.pairs, rows, plan.trees_with_pairs, layers);
}

StudyDocument RunLocality(const LocalityPlan& plan,
                          std::vector<StudyInput> inputs,
                          const std::function<void(uint64_t)>& progress) {
  StudyDocument document;
  document.study = "locality";
  document.definitions = {"row@1",
                          "fork-tree@2",
                          "pairs.fork@1",
                          "weight.row@1",
                          "alignment.position@1",
                          "class.input@1",
                          "class.output@1",
                          "jaccard@1",
                          "baseline.uniform@1",
                          "baseline.ratio@1",
                          "baseline.popularity@1"};
  document.options = {
      {"pairs", "fork"}, {"weight", "row"}, {"alignment", "position"}};
  document.inputs = std::move(inputs);
  AddUnits(plan, &document);
  document.reason = Obstacle(plan);
  if (!document.reason.empty()) {
    document.status = StudyStatus::kNotComputable;
    AddWarnings(&document);
    return document;
  }
  const bool population = plan.trees_with_pairs >= kTreesForInterval;
  document.definitions.push_back(population ? "interval.trees@1"
                                            : "interval.sequences@1");
  PairCounts counts;
  for (const LocalityPart& part : plan.parts) {
    counts.Merge(CountPairs(*part.trace, part.forest, part.rows, !population,
                            plan.options.threads, progress));
  }
  document.units.emplace_back("unrouted_sets", counts.unrouted_sets);
  document.units.emplace_back("malformed_sets", counts.malformed_sets);
  AddWarnings(&document);
  Summary summary(plan.parts.front().trace->layers, counts, population);
  document.results = summary.Results();
  if (summary.popularity_failed()) {
    document.warnings.push_back("no-popularity");
  }
  if (!population) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-trees";
  }
  return document;
}

}  // namespace moetap
