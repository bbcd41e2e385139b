#include "analysis/studies/sharing_batches.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/token_paths.h"

namespace moetap {
namespace {

// What is known of a token path.
struct PathRow {
  uint32_t row = kNone;    // of the first sequence that has routing
  uint32_t index = kNone;  // tokens generated before it, by the first sequence
                           // that generated its last token
};

std::vector<PathRow> FindPathRows(const Trace& trace, const Forest& forest) {
  const TokenPaths paths(trace, forest);
  std::vector<PathRow> result(paths.size());
  paths.ForEach([&](uint64_t path, uint32_t s, uint32_t position) {
    const Sequence& sequence = trace.sequences[s];
    PathRow& known = result[path];
    if (known.row == kNone) known.row = sequence.positions[position].row;
    const uint32_t prompt = std::max(1u, sequence.prompt_tokens);
    if (known.index == kNone && position >= prompt) {
      known.index = position - prompt;
    }
  });
  return result;
}

void AddStratum(std::span<const uint32_t> rows, uint32_t tree, StepRows* step) {
  step->rows.insert(step->rows.end(), rows.begin(), rows.end());
  step->first.push_back(static_cast<uint32_t>(step->rows.size()));
  step->trees.push_back(tree);
}

using RowsByPlace = std::map<uint32_t, std::vector<uint32_t>>;

void AddTree(uint32_t tree, const RowsByPlace& by_position,
             const RowsByPlace& by_index, std::vector<StepRows>* siblings,
             std::map<uint32_t, StepRows>* unrelated) {
  for (const auto& [position, rows] : by_position) {
    if (rows.size() < 2) continue;
    StepRows step;
    for (const uint32_t row : rows) AddStratum({&row, 1}, tree, &step);
    siblings->push_back(std::move(step));
  }
  for (const auto& [index, rows] : by_index) {
    AddStratum(rows, tree, &(*unrelated)[index]);
  }
}

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
  return kind == BatchKind::kSiblings ? "siblings" : "unrelated";
}

DecodeRows FindDecodeRows(const Trace& trace, const Forest& forest) {
  const std::vector<PathRow> paths = FindPathRows(trace, forest);
  DecodeRows result;
  std::map<uint32_t, StepRows> unrelated;  // by index
  uint64_t path = 0;
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    RowsByPlace by_position;
    RowsByPlace by_index;
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      const TreeNode& node = forest.nodes[n];
      for (uint32_t p = node.begin; p < node.end; ++p) {
        const PathRow& known = paths[path++];
        if (known.index == kNone) continue;
        if (known.row == kNone) {
          ++result.missing;
          continue;
        }
        result.rows.push_back(known.row);
        by_position[p].push_back(known.row);
        by_index[known.index].push_back(known.row);
      }
    }
    AddTree(tree, by_position, by_index,
            &result.steps[static_cast<size_t>(BatchKind::kSiblings)],
            &unrelated);
  }
  for (auto& [index, step] : unrelated) {
    if (step.strata() < 2) continue;
    result.steps[static_cast<size_t>(BatchKind::kUnrelated)].push_back(
        std::move(step));
  }
  return result;
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
