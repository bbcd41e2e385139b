#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/studies/sharing_batches.h"
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

// The strata of each category that has two or more.
void AddCategories(const StepRows& unrelated,
                   std::span<const std::string> categories,
                   std::vector<StepRows>* steps) {
  std::map<std::string_view, StepRows> found;
  for (uint32_t s = 0; s < unrelated.strata(); ++s) {
    const uint32_t tree = unrelated.trees[s];
    if (categories[tree].empty()) continue;
    AddStratum(unrelated.stratum(s), tree, &found[categories[tree]]);
  }
  for (auto& [category, step] : found) {
    if (step.strata() >= 2) steps->push_back(std::move(step));
  }
}

}  // namespace

std::vector<std::string> TreeCategories(const Trace& trace,
                                        const Forest& forest) {
  std::vector<std::string> categories;
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    const TreeNode& root = forest.nodes[forest.roots[tree]];
    std::string category = trace.sequences[root.sequence].category;
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      for (const uint32_t s : forest.nodes[n].ends) {
        if (trace.sequences[s].category != category) category.clear();
      }
    }
    categories.push_back(std::move(category));
  }
  return categories;
}

DecodeRows FindDecodeRows(const Trace& trace, const Forest& forest,
                          std::span<const std::string> categories) {
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
    if (!categories.empty()) {
      AddCategories(step, categories,
                    &result.steps[static_cast<size_t>(BatchKind::kCategory)]);
    }
    result.steps[static_cast<size_t>(BatchKind::kUnrelated)].push_back(
        std::move(step));
  }
  return result;
}

}  // namespace moetap
