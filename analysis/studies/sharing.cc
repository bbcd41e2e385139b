#include "analysis/studies/sharing.h"

#include <algorithm>
#include <utility>

#include "analysis/studies/locality.h"
#include "analysis/studies/same_layers.h"
#include "analysis/studies/sharing_results.h"

namespace moetap {
namespace {

// Layers times batches left out.
uint64_t Unusable(const SharingCounts& counts) {
  uint64_t unusable = 0;
  for (const auto& sizes : counts.batches) {
    for (const auto& layers : sizes) {
      for (const LayerBatches& layer : layers) unusable += layer.unusable;
    }
  }
  return unusable;
}

// Trees that have a row in a batch that counts, in some layer.
uint64_t TreesWithBatches(const SharingCounts& counts) {
  std::vector<bool> found(counts.trees, false);
  for (const auto& sizes : counts.batches) {
    for (const auto& layers : sizes) {
      for (const LayerBatches& layer : layers) {
        for (size_t t = 0; t < layer.trees.size(); ++t) {
          if (layer.trees[t].batches > 0) found[t] = true;
        }
      }
    }
  }
  return static_cast<uint64_t>(std::count(found.begin(), found.end(), true));
}

void AddUnits(const SharingCounts& counts, const ServedSteps& served,
              StudyDocument* document) {
  document->units = {{"trees", counts.trees},
                     {"trees_with_batches", TreesWithBatches(counts)},
                     {"sequences", counts.sequences},
                     {"decode_rows", counts.decode_rows},
                     {"missing_rows", counts.missing_rows},
                     {"siblings_steps", counts.steps[0]},
                     {"unrelated_steps", counts.steps[1]},
                     {"unusable_batches", Unusable(counts)},
                     {"served_steps", served.decode},
                     {"served_unusable", served.unusable},
                     {"served_other_steps", served.others}};
}

void AddCategoryUnits(const SharingCounts& counts, StudyDocument* document) {
  const auto none =
      std::count(counts.categories.begin(), counts.categories.end(), "");
  document->units.emplace_back("category_steps", counts.steps[2]);
  document->units.emplace_back("trees_without_category",
                               static_cast<uint64_t>(none));
}

// What is left out.
void AddLossWarnings(StudyDocument* document) {
  document->WarnOfLosses();
  document->Warn(document->unit("missing_rows") > 0, "missing-rows");
  document->Warn(document->unit("unusable_batches") > 0 ||
                     document->unit("served_unusable") > 0,
                 "unusable-batches");
}

// Which figures there are not.
void AddAbsenceWarnings(bool bytes_known, bool by_category,
                        StudyDocument* document) {
  document->Warn(document->unit("siblings_steps") == 0, "no-siblings");
  document->Warn(document->unit("unrelated_steps") == 0, "no-unrelated");
  document->Warn(by_category && document->unit("category_steps") == 0,
                 "no-category");
  document->Warn(!bytes_known, "no-expert-bytes");
}

// Why nothing can be computed, or "".
std::string Obstacle(const StudyDocument& document) {
  if (document.unit("sequences") == 0) return "no-sequences";
  if (document.unit("decode_rows") == 0) return "no-decode-rows";
  return document.unit("trees_with_batches") == 0 ? "no-batches" : "";
}

}  // namespace

StudyDocument RunSharing(std::span<const Trace> traces,
                         const ServedSteps& served,
                         std::optional<uint64_t> expert_bytes,
                         const SharingOptions& options,
                         std::vector<StudyInput> inputs) {
  SharingCounts counts;
  for (const Trace& trace : traces) {
    RequireSameLayers(traces.front(), trace);
    counts.Merge(CountSharing(trace, options));
  }
  StudyDocument document;
  document.study = "sharing";
  document.definitions = {"row@1",
                          "fork-tree@2",
                          "decode-row@1",
                          "batch.siblings@1",
                          "batch.unrelated@1",
                          "step.served@1",
                          "distinct@1",
                          "expected.uniform@1",
                          "expected.popularity@1",
                          "expert-bytes@1",
                          "interval.trees-of-batches@2"};
  if (options.by_category) document.definitions.push_back("batch.category@1");
  document.options = {{"sizes", kBatchSizes}, {"batches", options.batches}};
  document.options["expert_bytes"] =
      expert_bytes ? Json(*expert_bytes) : Json(nullptr);
  document.seed = options.seed;
  document.inputs = std::move(inputs);
  AddUnits(counts, served, &document);
  if (options.by_category) AddCategoryUnits(counts, &document);
  AddLossWarnings(&document);
  document.reason = Obstacle(document);
  if (!document.reason.empty()) {
    document.status = StudyStatus::kNotComputable;
    return document;
  }
  AddAbsenceWarnings(expert_bytes.has_value(), options.by_category, &document);
  document.results =
      SharingResults(traces.front().layers, counts, served, expert_bytes);
  if (document.unit("trees_with_batches") < kTreesForInterval) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-trees";
  }
  return document;
}

}  // namespace moetap
