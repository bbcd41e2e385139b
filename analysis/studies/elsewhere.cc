#include "analysis/studies/elsewhere.h"

#include <algorithm>
#include <optional>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/set_pairs.h"

namespace moetap {
namespace {

constexpr uint32_t kTries = 64;  // to find rows of different trees

// Tokens in ascending order with running sums of their counts.
class TokenScale {
 public:
  explicit TokenScale(const std::map<uint64_t, uint64_t>& counts) {
    for (const auto& [token, count] : counts) {
      if (count == 0) continue;
      tokens_.push_back(token);
      sum_ += count;
      until_.push_back(sum_);
    }
  }
  uint64_t sum() const { return sum_; }
  size_t tokens() const { return tokens_.size(); }
  uint64_t At(uint64_t number) const {
    const auto found = std::upper_bound(until_.begin(), until_.end(), number);
    return tokens_[static_cast<size_t>(found - until_.begin())];
  }

 private:
  std::vector<uint64_t> tokens_;
  std::vector<uint64_t> until_;
  uint64_t sum_ = 0;
};

// The middle of the `draw`th of kElsewhereDraws equal parts of [0, sum):
// floor((2 draw + 1) sum / (2 kElsewhereDraws)).
uint64_t Systematic(uint64_t draw, uint64_t sum) {
  return MultiplyHigh((2 * draw + 1) << (63 - kElsewhereBits), sum);
}

// Numbers of one draw, one after the other.
class Numbers {
 public:
  Numbers(uint64_t seed, uint64_t stream, uint64_t draw)
      : seed_(seed), stream_(stream), next_(draw << 16) {}
  uint64_t Below(uint64_t n) {
    return moetap::Below(seed_, stream_, next_++, n);
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t next_;
};

}  // namespace

void TokenPairs::Add(const RowGroups& groups) {
  for (size_t g = 0; g < groups.size(); ++g) {
    const RowGroup group = groups.Load(g);
    std::map<uint64_t, uint64_t> here;
    for (const TrieRow& row : group.rows) ++here[row.input];
    for (const auto& [token, n] : here) {
      same[token] += n * (n - 1) / 2;
      different[token] += n * (group.rows.size() - n);
    }
  }
}

void TokenPairs::Add(const TrieRows& rows,
                     const std::vector<TreePairs>& lists) {
  for (const TreePairs& list : lists) {
    for (const RowPair& pair : list.pairs) {
      const uint64_t a = rows.Input(pair.node_a, pair.position_a);
      const uint64_t b = rows.Input(pair.node_b, pair.position_b);
      if (a == b) {
        ++same[a];
      } else {
        ++different[a];
        ++different[b];
      }
    }
  }
}

ElsewhereRows::ElsewhereRows(std::span<const TrieRows* const> rows)
    : parts_(rows.begin(), rows.end()) {
  std::vector<uint64_t> inputs;
  std::vector<Place> places;
  for (uint32_t part = 0; part < parts_.size(); ++part) {
    const Forest& forest = parts_[part]->forest();
    for (uint32_t tree = 0; tree < forest.roots.size(); ++tree, ++trees_) {
      for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
        const TreeNode& node = forest.nodes[n];
        for (uint32_t p = node.begin; p < node.end; ++p) {
          if (!parts_[part]->has(n, p)) continue;
          inputs.push_back(parts_[part]->Input(n, p));
          places.push_back({part, trees_, n, p});
        }
      }
    }
  }
  tokens_ = inputs;
  std::sort(tokens_.begin(), tokens_.end());
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end()), tokens_.end());
  first_.assign(tokens_.size() + 1, 0);
  std::vector<uint32_t> token_of(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto found =
        std::lower_bound(tokens_.begin(), tokens_.end(), inputs[i]);
    token_of[i] = static_cast<uint32_t>(found - tokens_.begin());
    ++first_[token_of[i] + 1];
  }
  for (size_t t = 0; t < tokens_.size(); ++t) first_[t + 1] += first_[t];
  places_.resize(places.size());
  auto next = first_;
  for (size_t i = 0; i < places.size(); ++i) {
    places_[next[token_of[i]]++] = places[i];
  }
}

// Draws for one class.
class ElsewhereRows::Drawer {
 public:
  Drawer(const ElsewhereRows& rows, bool per_tree)
      : rows_(rows),
        layers_(rows.parts_[0]->trace().layers),
        layout_(layers_, 1) {
    result_.other_trees = rows.trees_ > 1;
    result_.total.assign(layout_.size(), 0);
    if (per_tree) result_.trees.assign(rows.trees_, Bins(layout_.size(), 0));
    for (const MoeLayer& layer : layers_) {
      columns_.emplace_back();
      experts_.push_back(layer.experts == 0 ? 65535 : layer.experts);
    }
  }

  void Draw(uint64_t token_a, uint64_t token_b, Numbers* numbers) {
    const auto a = PlacesOf(token_a);
    const auto b = PlacesOf(token_b);
    for (uint32_t i = 0; i < kTries && !a.empty() && !b.empty(); ++i) {
      const Place& x = a[numbers->Below(a.size())];
      const Place& y = b[numbers->Below(b.size())];
      const bool apart =
          result_.other_trees ? x.tree != y.tree : x.position != y.position;
      if (apart) return Count(x, y);
    }
    ++result_.unmatched;
  }

  Elsewhere& result() { return result_; }

 private:
  std::span<const Place> PlacesOf(uint64_t token) const {
    const auto found =
        std::lower_bound(rows_.tokens_.begin(), rows_.tokens_.end(), token);
    if (found == rows_.tokens_.end() || *found != token) return {};
    const auto t = static_cast<size_t>(found - rows_.tokens_.begin());
    return std::span(rows_.places_)
        .subspan(rows_.first_[t], rows_.first_[t + 1] - rows_.first_[t]);
  }

  std::span<const uint16_t> Set(const Place& place, size_t layer) const {
    const TrieRows& rows = *rows_.parts_[place.part];
    return rows.trace().set(rows.Get(place.node, place.position)->row, layer);
  }

  void Count(const Place& x, const Place& y) {
    for (size_t l = 0; l < layers_.size(); ++l) {
      columns_[l].Reset(2, experts_[l]);
      const bool usable =
          columns_[l].Write(0, Set(x, l)) == SetState::kUsable &&
          columns_[l].Write(1, Set(y, l)) == SetState::kUsable;
      Intersect(columns_[l], 0, 0, 2, sizes_);
      const size_t bin =
          layout_.offset(l, 0) + (usable ? sizes_[1] : layers_[l].k + 1);
      ++result_.total[bin];
      if (result_.trees.empty()) continue;
      ++result_.trees[x.tree][bin];
      if (y.tree != x.tree) ++result_.trees[y.tree][bin];
    }
  }

  const ElsewhereRows& rows_;
  const std::vector<MoeLayer>& layers_;
  const BinLayout layout_;
  std::vector<SetColumn> columns_;
  std::vector<uint32_t> experts_;
  uint8_t sizes_[64];
  Elsewhere result_;
};

Elsewhere ElsewhereRows::Same(const TokenPairs& pairs, uint64_t seed,
                              bool per_tree) const {
  Drawer drawer(*this, per_tree);
  const TokenScale scale(pairs.same);
  for (uint64_t d = 0; scale.sum() > 0 && d < kElsewhereDraws; ++d) {
    Numbers numbers(seed, kStreamSameElsewhere, d);
    const uint64_t token = scale.At(Systematic(d, scale.sum()));
    drawer.Draw(token, token, &numbers);
  }
  return std::move(drawer.result());
}

Elsewhere ElsewhereRows::Different(const TokenPairs& pairs, uint64_t seed,
                                   bool per_tree) const {
  Drawer drawer(*this, per_tree);
  const TokenScale scale(pairs.different);
  for (uint64_t d = 0; scale.tokens() > 1 && d < kElsewhereDraws; ++d) {
    Numbers numbers(seed, kStreamDifferentElsewhere, d);
    const uint64_t a = scale.At(Systematic(d, scale.sum()));
    uint64_t b = a;
    for (uint32_t i = 0; i < kTries && b == a; ++i) {
      b = scale.At(numbers.Below(scale.sum()));
    }
    if (a == b) {
      ++drawer.result().unmatched;
    } else {
      drawer.Draw(a, b, &numbers);
    }
  }
  return std::move(drawer.result());
}

}  // namespace moetap
