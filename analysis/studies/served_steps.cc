#include <utility>

#include "analysis/studies/expert_union.h"
#include "analysis/studies/sharing_counts.h"
#include "analysis/trace/engines.h"

namespace moetap {
namespace {

// Whether every row of the step has a generated token as its input.
bool IsDecode(const ProcessLog& log, const StepLog& step) {
  for (const log::Span& span : step.spans) {
    const auto known = log.request_index.find(span.request());
    if (known == log.request_index.end()) return false;
    const uint32_t prompt = log.requests[known->second]->prompt_tokens();
    if (prompt == 0 || span.start() < prompt) return false;
  }
  return step.span_rows() > 0;
}

class StepCounter {
 public:
  StepCounter(const Rank& rank, const std::vector<MoeLayer>& layers,
              ServedSteps* served)
      : rank_(rank), layers_(layers), served_(*served) {
    for (const MoeLayer& layer : layers) touched_.emplace_back(layer.experts);
  }

  void Add(const StepLog& step) {
    ++served_.decode;
    for (ExpertUnion& touched : touched_) touched.Clear();
    sets_.assign(layers_.size(), 0);
    const uint32_t rows = step.span_rows();
    for (const GroupRef& ref : step.groups) AddGroup(ref, rows);
    auto& sums = served_.by_rows[rows];
    sums.resize(layers_.size());
    for (size_t l = 0; l < layers_.size(); ++l) {
      if (sets_[l] != rows) {
        ++served_.unusable;
        continue;
      }
      ++sums[l].batches;
      sums[l].distinct += touched_[l].Count();
    }
  }

 private:
  // Rows past `rows` are padding.
  void AddGroup(const GroupRef& ref, uint32_t rows) {
    const uint32_t first = ref.group->first_row();
    set_.resize(ref.group->k());
    for (uint32_t r = 0; r < ref.group->rows() && first + r < rows; ++r) {
      for (uint32_t i = 0; i < ref.slots().size(); ++i) {
        const uint32_t layer = rank_.layer_of[ref.slots()[i]];
        if (layer == kNone || layers_[layer].k != set_.size()) continue;
        ref.ReadSet(r, i, set_.data());
        sets_[layer] += touched_[layer].Add(set_);
      }
    }
  }

  const Rank& rank_;
  const std::vector<MoeLayer>& layers_;
  ServedSteps& served_;
  std::vector<ExpertUnion> touched_;  // by layer, of this step
  std::vector<uint64_t> sets_;        // usable ones in them
  std::vector<uint16_t> set_;
};

}  // namespace

void ServedSteps::Merge(const ServedSteps& other) {
  for (const auto& [rows, layers] : other.by_rows) {
    auto& mine = by_rows[rows];
    mine.resize(layers.size());
    for (size_t l = 0; l < layers.size(); ++l) {
      mine[l].distinct += layers[l].distinct;
      mine[l].batches += layers[l].batches;
    }
  }
  decode += other.decode;
  unusable += other.unusable;
  others += other.others;
}

ServedSteps CountServed(const Capture& capture) {
  std::vector<Engine> engines = FindEngines(capture);
  const std::vector<MoeLayer> layers = FindLayers(&engines);
  ServedSteps served;
  for (const Engine& engine : engines) {
    const Rank& rank = engine.ranks.front();
    StepCounter counter(rank, layers, &served);
    for (const StepLog& step : rank.log.steps) {
      if (!step.announced || step.kind != log::StepKind::Real) continue;
      if (IsDecode(rank.log, step)) {
        counter.Add(step);
      } else {
        ++served.others;
      }
    }
  }
  return served;
}

}  // namespace moetap
