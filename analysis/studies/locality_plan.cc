// What the locality study will compare, and what that costs.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "analysis/studies/locality.h"
#include "analysis/studies/same_layers.h"

namespace moetap {
namespace {

// Of one core, for the forecast: a pair of rows in one layer with all its
// histograms, and a step of an alignment.
constexpr double kSecondsPerPairLayer = 1e-9;
constexpr double kSecondsPerListedPairLayer = 1e-8;
constexpr double kSecondsPerStep = 2e-9;

// Gives each part without groups its share of the pairs of leaves.
void ChooseLeafPairs(LocalityPlan* plan) {
  uint64_t all = 0;
  std::vector<LeafPairs> leaf_pairs;
  for (const LocalityPart& part : plan->parts) {
    leaf_pairs.emplace_back(part.forest);
    all += leaf_pairs.back().size();
  }
  const LocalityOptions& options = plan->options;
  const bool some = options.pairing == Pairing::kSample;
  const auto chosen =
      SamplePairs(all, some ? options.sample : all, options.seed);
  uint64_t first = 0;
  auto next = chosen.begin();
  for (size_t i = 0; i < plan->parts.size(); ++i) {
    LocalityPart& part = plan->parts[i];
    const auto& sequences = part.trace->sequences;
    const uint64_t end = first + leaf_pairs[i].size();
    for (; next != chosen.end() && *next < end; ++next) {
      const auto pair = leaf_pairs[i].At(*next - first);
      const auto& nodes = part.forest.nodes;
      const Sequence& a = sequences[nodes[pair.a].ends.front()];
      const Sequence& b = sequences[nodes[pair.b].ends.front()];
      if (options.equivalent && !options.codes->Equivalent(a, b)) continue;
      part.leaf_pairs.push_back(*next - first);
      const uint32_t fork = ForkPosition(part.forest, pair.a, pair.b);
      part.steps += plan->alignment->Cost(a, b, fork);
      part.most_pairs += std::min(TailRows(a, fork), TailRows(b, fork));
    }
    plan->leaf_pairs += part.leaf_pairs.size();
    first = end;
  }
}

}  // namespace

bool ParsePairing(const std::string& text, LocalityOptions* options) {
  if (text == "fork" || text == "siblings") {
    options->pairing = text == "fork" ? Pairing::kFork : Pairing::kSiblings;
    return true;
  }
  constexpr std::string_view kSample = "sample:";
  if (!text.starts_with(kSample)) return false;
  options->pairing = Pairing::kSample;
  const char* end = text.data() + text.size();
  const auto read =
      std::from_chars(text.data() + kSample.size(), end, options->sample);
  return read.ec == std::errc() && read.ptr == end && options->sample > 0;
}

LocalityPart::LocalityPart(const Trace& from, const LocalityOptions& options,
                           const Alignment& alignment)
    : trace(&from),
      forest(BuildForest(from)),
      stats(ComputeForestStats(from, forest)),
      rows(from, forest) {
  if (alignment.by_position() && options.pairing != Pairing::kSample &&
      !options.equivalent) {
    const bool siblings = options.pairing == Pairing::kSiblings;
    groups = siblings ? RowGroups::Siblings(rows) : RowGroups::Fork(rows);
    tails = CountTails(rows);
    const uint64_t aligned = siblings ? RowGroups::Fork(rows).aligned_sides()
                                      : groups->aligned_sides();
    tails.unaligned[Unaligned::kEnded] = tails.tail_rows - aligned;
    tails.unaligned[Unaligned::kBeyondFork] = aligned - groups->aligned_sides();
    tails.unaligned[Unaligned::kMissing] =
        groups->aligned_sides() - groups->routed_sides();
  }
}

LocalityPlan PlanLocality(std::span<const Trace> traces,
                          const LocalityOptions& options,
                          const Vocabulary& vocabulary) {
  LocalityPlan plan;
  plan.options = options;
  plan.alignment = MakeAlignment(options.alignment, options.codes);
  plan.breakdown = std::make_unique<Breakdown>(traces, vocabulary);
  bool groups = true;
  for (const Trace& trace : traces) {
    RequireSameLayers(traces.front(), trace);
    const LocalityPart& part =
        plan.parts.emplace_back(trace, options, *plan.alignment);
    groups = groups && part.groups;
    if (part.groups) plan.pairs += part.groups->pairs();
  }
  if (!groups) ChooseLeafPairs(&plan);
  return plan;
}

std::string DescribePlan(const LocalityPlan& plan) {
  const size_t layers =
      plan.parts.empty() ? 0 : plan.parts.front().trace->layers.size();
  uint64_t steps = 0;
  uint64_t most_pairs = 0;
  uint64_t trees = 0;
  for (const LocalityPart& part : plan.parts) {
    steps += part.steps;
    most_pairs += part.most_pairs;
    trees += part.stats.forked_trees;
  }
  const unsigned threads = plan.options.threads;
  const auto seconds = [threads](uint64_t n, double each) {
    return static_cast<double>(n) * each / threads;
  };
  if (plan.leaf_pairs == 0) {
    return fmt::format(
        "{} pairs of rows in {} forked trees, {} layers each; about {:.1f} s "
        "on {} threads",
        plan.pairs, trees, layers,
        seconds(plan.pairs * layers, kSecondsPerPairLayer), threads);
  }
  return fmt::format(
      "{} pairs of leaves in {} trees, aligned by {} in {} steps, and at most "
      "{} pairs of their rows, {} layers each; at most about {:.1f} s on {} "
      "threads",
      plan.leaf_pairs, trees, plan.alignment->name(), steps, most_pairs, layers,
      seconds(steps, kSecondsPerStep) +
          seconds(most_pairs * layers, kSecondsPerListedPairLayer),
      threads);
}

}  // namespace moetap
