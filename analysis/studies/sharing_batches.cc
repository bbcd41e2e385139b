#include "analysis/studies/sharing_batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"

namespace moetap {
namespace {

// Ways to choose a batch; `most` + 1 stands for any greater number.
uint64_t Combinations(const StepRows& step, uint32_t size, uint64_t most) {
  std::vector<uint64_t> ways(size + 1, 0);  // by number of strata chosen
  ways[0] = 1;
  for (uint32_t s = 0; s < step.strata() && ways[size] <= most; ++s) {
    for (uint32_t chosen = size; chosen > 0; --chosen) {
      ways[chosen] =
          std::min(ways[chosen] + ways[chosen - 1] * step.size(s), most + 1);
    }
  }
  return ways[size];
}

class BatchMaker {
 public:
  BatchMaker(BatchKind kind, uint32_t size, uint64_t seed)
      : seed_(seed),
        stream_(kStreamSharing + 65536 * static_cast<uint64_t>(kind) +
                256 * size) {
    batches_.size = size;
  }

  void Enumerate(const StepRows& step);
  void Draw(const StepRows& step, uint64_t count);
  Batches& batches() { return batches_; }

 private:
  void EnumerateRows(const StepRows& step, std::span<const uint32_t> strata);
  void Append(const StepRows& step, uint32_t stratum, uint64_t row) {
    batches_.rows.push_back(step.rows[step.first[stratum] + row]);
    batches_.trees.push_back(step.trees[stratum]);
  }

  const uint64_t seed_;
  const uint64_t stream_;
  Batches batches_;
};

// All choices of one row in each of `strata`.
void BatchMaker::EnumerateRows(const StepRows& step,
                               std::span<const uint32_t> strata) {
  std::vector<uint32_t> pick(strata.size(), 0);
  for (;;) {
    for (size_t t = 0; t < strata.size(); ++t) Append(step, strata[t], pick[t]);
    size_t t = strata.size();
    while (t > 0 && ++pick[t - 1] == step.size(strata[t - 1])) pick[--t] = 0;
    if (t == 0) return;
  }
}

void BatchMaker::Enumerate(const StepRows& step) {
  const uint32_t size = batches_.size;
  std::vector<uint32_t> strata(size);
  std::iota(strata.begin(), strata.end(), 0);
  for (;;) {
    EnumerateRows(step, strata);
    uint32_t t = size;
    while (t > 0 && strata[t - 1] == step.strata() - size + t - 1) --t;
    if (t == 0) return;
    ++strata[t - 1];
    for (; t < size; ++t) strata[t] = strata[t - 1] + 1;
  }
}

void BatchMaker::Draw(const StepRows& step, uint64_t count) {
  const uint32_t size = batches_.size;
  std::vector<uint32_t> order(step.strata());
  for (uint64_t i = 0; i < count; ++i) {
    std::iota(order.begin(), order.end(), 0);
    const uint64_t counter = 2 * size * uint64_t{batches_.count()};
    for (uint32_t t = 0; t < size; ++t) {
      std::swap(
          order[t],
          order[t + Below(seed_, stream_, counter + t, step.strata() - t)]);
    }
    for (uint32_t t = 0; t < size; ++t) {
      Append(step, order[t],
             Below(seed_, stream_, counter + size + t, step.size(order[t])));
    }
  }
}

}  // namespace

const char* BatchKindName(BatchKind kind) {
  constexpr const char* kNames[kBatchKinds] = {"siblings", "unrelated",
                                               "category"};
  return kNames[static_cast<size_t>(kind)];
}

Batches MakeBatches(std::span<const StepRows> steps, BatchKind kind,
                    uint32_t size, uint64_t limit, uint64_t seed) {
  std::vector<const StepRows*> wide;
  for (const StepRows& step : steps) {
    if (step.strata() >= size) wide.push_back(&step);
  }
  const uint64_t used = std::min<uint64_t>(wide.size(), limit);
  BatchMaker maker(kind, size, seed);
  for (uint64_t i = 0; i < used; ++i) {
    const uint64_t share = limit / used;
    // Evenly spread if there are more steps than batches.
    const StepRows& step = *wide[i * wide.size() / used];
    if (Combinations(step, size, share) <= share) {
      maker.Enumerate(step);
    } else {
      maker.Draw(step, share);
    }
  }
  return std::move(maker.batches());
}

}  // namespace moetap
