#include "analysis/studies/noise_floor.h"

#include <algorithm>
#include <utility>

#include "analysis/studies/baselines.h"
#include "analysis/studies/set_overlap.h"
#include "analysis/studies/token_paths.h"

namespace moetap {
namespace {

using Set = std::span<const uint16_t>;

LayerIntersections Zeros(const Trace& trace) {
  LayerIntersections zeros;
  for (const MoeLayer& layer : trace.layers) {
    zeros.emplace_back(size_t{layer.k} + 1, 0);
  }
  return zeros;
}

void AddTo(const LayerIntersections& from, LayerIntersections* to) {
  for (size_t l = 0; l < from.size(); ++l) {
    for (size_t i = 0; i < from[l].size(); ++i) (*to)[l][i] += from[l][i];
  }
}

bool Equal(Set a, Set b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Distinct sets, each with how often it occurs.  Sorts `sets`.
std::vector<std::pair<Set, uint64_t>> Distinct(std::vector<Set>* sets) {
  std::sort(sets->begin(), sets->end(), [](Set a, Set b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  });
  std::vector<std::pair<Set, uint64_t>> distinct;
  for (const Set set : *sets) {
    if (distinct.empty() || !Equal(distinct.back().first, set)) {
      distinct.emplace_back(set, 0);
    }
    ++distinct.back().second;
  }
  return distinct;
}

void AddPairs(std::vector<Set>* sets, std::vector<uint64_t>* intersections) {
  const auto distinct = Distinct(sets);
  for (size_t a = 0; a < distinct.size(); ++a) {
    const auto& [set, times] = distinct[a];
    intersections->back() += times * (times - 1) / 2;
    for (size_t b = 0; b < a; ++b) {
      (*intersections)[Overlap(set, distinct[b].first)] +=
          times * distinct[b].second;
    }
  }
}

// The observed rows of each token path: those of path p are
// rows[first[p], first[p + 1]).
struct Observations {
  std::vector<uint32_t> first;
  std::vector<uint32_t> rows;
};

Observations Observe(const Trace& trace, const TokenPaths& paths) {
  const auto observed = [&](uint32_t sequence, uint32_t position) {
    const Position& p = trace.sequences[sequence].positions[position];
    return p.source == Source::kObserved && p.row != kNone;
  };
  Observations result;
  result.first.assign(paths.size() + 2, 0);
  paths.ForEach([&](uint64_t path, uint32_t s, uint32_t p) {
    result.first[path + 2] += observed(s, p);
  });
  for (size_t i = 2; i < result.first.size(); ++i) {
    result.first[i] += result.first[i - 1];
  }
  result.rows.resize(result.first.back());
  paths.ForEach([&](uint64_t path, uint32_t s, uint32_t p) {
    if (!observed(s, p)) return;
    result.rows[result.first[path + 1]++] = trace.sequences[s].positions[p].row;
  });
  return result;
}

void AddPath(const Trace& trace, std::span<const uint32_t> rows,
             LayerIntersections* tree, NoiseFloor* noise) {
  ++noise->paths;
  noise->pairs += uint64_t{rows.size()} * (rows.size() - 1) / 2;
  std::vector<Set> sets;
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    sets.clear();
    for (const uint32_t row : rows) {
      const Set set = trace.set(row, l);
      if (IsUsable(set, trace.layers[l].experts)) sets.push_back(set);
    }
    noise->unusable_sets += rows.size() - sets.size();
    AddPairs(&sets, &(*tree)[l]);
  }
}

}  // namespace

void NoiseFloor::Merge(NoiseFloor other) {
  if (total.empty()) {
    *this = std::move(other);
    return;
  }
  AddTo(other.total, &total);
  std::move(other.trees.begin(), other.trees.end(), std::back_inserter(trees));
  paths += other.paths;
  pairs += other.pairs;
  unusable_sets += other.unusable_sets;
}

NoiseFloor CountNoise(const Trace& trace, const Forest& forest) {
  const TokenPaths paths(trace, forest);
  const Observations observed = Observe(trace, paths);
  NoiseFloor noise;
  noise.total = Zeros(trace);
  for (size_t t = 0; t < forest.roots.size(); ++t) {
    const uint64_t before = noise.paths;
    LayerIntersections tree = Zeros(trace);
    for (uint64_t path = paths.begin(t); path < paths.begin(t + 1); ++path) {
      const uint32_t first = observed.first[path];
      const uint32_t count = observed.first[path + 1] - first;
      if (count < 2) continue;
      AddPath(trace, std::span(observed.rows).subspan(first, count), &tree,
              &noise);
    }
    if (noise.paths == before) continue;
    AddTo(tree, &noise.total);
    noise.trees.push_back(std::move(tree));
  }
  return noise;
}

std::optional<double> MeanJaccard(
    std::span<const std::vector<uint64_t>> layers) {
  double sum = 0;
  uint64_t pairs = 0;
  for (const auto& intersections : layers) {
    const auto k = static_cast<uint32_t>(intersections.size() - 1);
    for (uint32_t i = 0; i <= k; ++i) {
      pairs += intersections[i];
      if (intersections[i] == 0) continue;  // k 0 has no Jaccard index
      sum += static_cast<double>(intersections[i]) * Jaccard(k, i);
    }
  }
  if (pairs == 0) return std::nullopt;
  return sum / static_cast<double>(pairs);
}

}  // namespace moetap
