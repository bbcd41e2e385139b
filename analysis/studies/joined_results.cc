#include "analysis/studies/joined_results.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "analysis/studies/joined.h"
#include "analysis/studies/prompt_results.h"

namespace moetap {
namespace {

// The result of `sum(counts)` over the prompts.
template <typename Sum>
StudyResult Over(const std::vector<JoinedCounts>& prompts, std::string name,
                 const Sum& sum) {
  PromptSums sums;
  for (const JoinedCounts& counts : prompts) sums.push_back(sum(counts));
  return MeanResult(std::move(name), sums);
}

void AddResults(const std::vector<JoinedCounts>& prompts, uint32_t rows,
                const std::vector<MoeLayer>& layers,
                std::vector<StudyResult>* results) {
  const auto add = [&](const std::string& name, const auto& sum) {
    results->push_back(Over(prompts, fmt::format("{}.h{}", name, rows), sum));
  };
  add("joined.auc.routing", [](const auto& counts) { return counts.routing; });
  add("joined.auc.tokens", [](const auto& counts) { return counts.tokens; });
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto layer = [&](const std::vector<RatioSum>& sums) {
      return sums.empty() ? RatioSum{} : sums[l];
    };
    add("joined.jaccard.equivalent",
        [&](const auto& counts) { return layer(counts.equivalent_jaccard); });
    results->back().layer = layers[l].number;
    add("joined.jaccard.different",
        [&](const auto& counts) { return layer(counts.different_jaccard); });
    results->back().layer = layers[l].number;
  }
}

}  // namespace

void AddJoined(std::span<const Trace> traces,
               std::span<const Ensemble> ensembles, size_t prompts,
               StudyDocument* document) {
  for (const uint32_t rows : kJoinedRows) {
    std::vector<JoinedCounts> counts(prompts);
    JoinedCounts all;
    for (const Ensemble& ensemble : ensembles) {
      const JoinedCounts one =
          CountJoined(traces[ensemble.trace], ensemble, rows);
      counts[ensemble.prompt].Add(one);
      all.Add(one);
    }
    const auto add_unit = [&](const char* name, uint64_t value) {
      document->units.emplace_back(fmt::format("joined_{}.h{}", name, rows),
                                   value);
    };
    add_unit("equivalent_pairs", all.equivalent);
    add_unit("different_pairs", all.different);
    add_unit("short_pairs", all.short_pairs);
    add_unit("unusable_pairs", all.unusable_pairs);
    AddResults(counts, rows, traces.front().layers, &document->results);
  }
}

}  // namespace moetap
