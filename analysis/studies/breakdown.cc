#include "analysis/studies/breakdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/studies/token_class.h"

namespace moetap {
namespace {

Dimension Distances() {
  Dimension dimension{"distance", {"0", "1"}};
  for (uint32_t value = 2; value < kDistances; ++value) {
    const uint32_t first = 1u << (value - 1);
    dimension.values.push_back(value + 1 < kDistances
                                   ? fmt::format("{}-{}", first, 2 * first - 1)
                                   : fmt::format("{}-", first));
  }
  return dimension;
}

// Of a pair whose rows have different values.
constexpr const char* kMixed = "mixed";

Dimension TokenClasses() {
  Dimension dimension{"token_class", {}};
  for (uint32_t value = 0; value < kTokenClasses; ++value) {
    dimension.values.push_back(TokenClassName(static_cast<TokenClass>(value)));
  }
  dimension.values.push_back(kMixed);
  return dimension;
}

std::string StrategyOf(const Sequence& sequence) {
  return sequence.strategy.empty() ? "unknown" : sequence.strategy;
}

Dimension Strategies(std::span<const Trace> traces) {
  std::set<std::string> names;
  for (const Trace& trace : traces) {
    for (const Sequence& sequence : trace.sequences) {
      names.insert(StrategyOf(sequence));
    }
  }
  Dimension dimension{"strategy", {names.begin(), names.end()}};
  dimension.values.push_back(kMixed);
  return dimension;
}

}  // namespace

Breakdown::Breakdown(std::span<const Trace> traces,
                     const Vocabulary& vocabulary)
    : dimensions_{Distances(),
                  {"phase", {"prompt", "generated", kMixed}},
                  TokenClasses(),
                  Strategies(traces)} {
  for (size_t d = 0; d < kDimensions; ++d) {
    base_[d] = static_cast<uint32_t>(slots_);
    mixed_[d] = static_cast<uint32_t>(dimensions_[d].values.size() - 1);
    slots_ += 2 * dimensions_[d].values.size();
  }
  const auto& names = dimensions_[kStrategy].values;
  for (size_t t = 0; t < traces.size(); ++t) {
    traces_.push_back(&traces[t]);
    strategy_.emplace_back();
    token_class_.emplace_back();
    const bool texts = !vocabulary.empty() && traces[t].has_token_ids;
    for (const Sequence& sequence : traces[t].sequences) {
      const auto found =
          std::find(names.begin(), names.end() - 1, StrategyOf(sequence));
      strategy_[t].push_back(static_cast<uint32_t>(found - names.begin()));
      if (!texts) continue;
      const auto classes = ClassifyTokens(sequence.tokens, vocabulary);
      token_class_[t].emplace_back(classes.size());
      std::transform(classes.begin(), classes.end(),
                     token_class_[t].back().begin(),
                     [](TokenClass one) { return static_cast<uint8_t>(one); });
    }
  }
}

RowLabels Breakdown::Labels(size_t trace, const TrieRow& row) const {
  RowLabels labels;
  labels.phase =
      traces_[trace]->sequences[row.sequence].generated(row.position);
  labels.strategy = strategy_[trace][row.sequence];
  if (!token_class_[trace].empty()) {
    labels.token_class = token_class_[trace][row.sequence][row.position];
  }
  return labels;
}

}  // namespace moetap
