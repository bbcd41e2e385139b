#include "analysis/studies/locality_results.h"

#include "analysis/studies/locality_contrasts.h"
#include "analysis/studies/locality_sums.h"

namespace moetap {
namespace {

const char* const kOtherModel =
    "another model (Qwen3.5-35B-A3B-FP8, 256 experts, top-8, aligned through "
    "compiler output), and the text does not say which classification it used";

class Results {
 public:
  Results(const LocalitySums& sums, StudyDocument* document)
      : sums_(sums), counts_(sums.counts()), document_(*document) {}

  void Add() {
    AddAligned();
    for (const char* weight : {"row", "leaf", "tree"}) {
      for (const PairClass& one : PairClasses()) {
        AddClass(weight, one, std::nullopt);
        for (size_t l = 0; l < sums_.layers().size(); ++l) {
          AddClass(weight, one, l);
        }
      }
    }
    for (const char* which : {"input", "output"}) {
      AddMultiple(std::string(which) + ".same", 40);
      AddMultiple(std::string(which) + ".different", 11);
      AddAbove(which);
    }
    AddBreakdowns();
    for (size_t l = 0; l < sums_.layers().size(); ++l) {
      if (sums_.baselines(l).popularity) continue;
      document_.warnings.push_back("no-popularity");
      break;
    }
  }

 private:
  StudyResult& Append(std::string name, Layer layer = {}) {
    return sums_.Append(std::move(name), layer, &document_);
  }

  // The share of the rows behind forks that have a partner with routing.
  void AddAligned() {
    StudyResult& result = Append("aligned.share");
    result.unit = "row of a pair of leaves";
    result.n_units = counts_.alignment.tail_rows;
    if (result.n_units == 0) return;
    result.estimate = static_cast<double>(counts_.alignment.aligned()) /
                      static_cast<double>(result.n_units);
  }

  void AddClass(const std::string& weight, const PairClass& one, Layer layer) {
    StudyResult& result = Append(std::string("jaccard.") + one.name, layer);
    result.weight = weight;
    const Sums sums = sums_.OfClass(weight, one.cells, layer);
    if (weight == "tree") return sums_.SetTreeMean(sums, &result);
    sums_.SetPooled(sums, &result);
    if (weight != "row") return;
    AddBaselines(one, layer, &result);
    if (layer) {
      result.intersections = sums_.Sizes(one.cells, *layer);
    } else {
      result.published = PublishedMean(one.name);
    }
  }

  void AddBaselines(const PairClass& one, Layer layer, StudyResult* result) {
    const auto add =
        [&](const char* name,
            const std::function<std::optional<double>(size_t)>& value) {
          result->baselines.emplace_back(
              name, layer ? value(*layer) : sums_.Mean(one.cells, value));
        };
    add("uniform", [&](size_t l) { return sums_.baselines(l).uniform; });
    add("ratio", [&](size_t l) { return sums_.baselines(l).ratio; });
    add("popularity", [&](size_t l) { return sums_.baselines(l).popularity; });
    const std::string name = one.name;
    const Elsewhere* elsewhere = name == "input.same" ? &counts_.same_elsewhere
                                 : name == "input.different"
                                     ? &counts_.different_elsewhere
                                     : nullptr;
    if (elsewhere == nullptr) return;
    add("elsewhere", [&](size_t l) {
      return Ratio(sums_.OfElsewhere(*elsewhere, l).total);
    });
  }

  static std::optional<Published> PublishedMean(const std::string& name) {
    if (name == "input.same" || name == "output.same") {
      return Published{0.649, false, kOtherModel};
    }
    if (name == "input.different" || name == "output.different") {
      return Published{0.175, false, kOtherModel};
    }
    return std::nullopt;
  }

  // How many times the ratio baseline the overall estimate is.
  void AddMultiple(const std::string& name, double published) {
    const StudyResult from = *document_.Find("jaccard." + name);
    StudyResult& result = Append("multiple." + name);
    const auto& ratio = from.baselines[1].second;
    if (from.estimate && ratio) result.estimate = *from.estimate / *ratio;
    result.pairs = from.pairs;
    result.unit = from.unit;
    result.n_units = from.n_units;
    result.n_effective = from.n_effective;
    result.published = Published{published, false, kOtherModel};
  }

  // Share of the layers with both classes in which same > different.
  void AddAbove(const std::string& which) {
    StudyResult& result = Append("layers_above." + which);
    result.unit = "layer";
    uint64_t above = 0;
    for (size_t l = 0; l < sums_.layers().size(); ++l) {
      const auto mean = [&](const char* kind) {
        const uint32_t cells = FindPairClass(which + kind).cells;
        return Ratio(sums_.OfClass("row", cells, l).total);
      };
      const auto same = mean(".same");
      const auto different = mean(".different");
      if (!same || !different) continue;
      ++result.n_units;
      above += *same > *different;
    }
    if (result.n_units > 0) {
      result.estimate =
          static_cast<double>(above) / static_cast<double>(result.n_units);
    }
    result.published = Published{1, false, kOtherModel};
  }

  void AddBreakdowns() {
    const auto& dimensions = counts_.breakdown->dimensions();
    for (size_t d = 0; d < dimensions.size(); ++d) {
      for (uint32_t value = 0; value < dimensions[d].values.size(); ++value) {
        for (const bool same : {true, false}) {
          const Sums sums =
              sums_.OfSlot(counts_.breakdown->Slot(d, value, same));
          if (sums.total.count == 0) continue;
          StudyResult& result =
              Append(same ? "jaccard.input.same" : "jaccard.input.different");
          result.weight = "row";
          result.dimension = dimensions[d].name;
          result.value = dimensions[d].values[value];
          sums_.SetPooled(sums, &result);
        }
      }
    }
  }

  const LocalitySums& sums_;
  const LocalityCounts& counts_;
  StudyDocument& document_;
};

}  // namespace

void AddLocalityResults(const LocalityCounts& counts, StudyDocument* document) {
  const LocalitySums sums(counts);
  Results(sums, document).Add();
  AddLocalityContrasts(sums, document);
}

}  // namespace moetap
