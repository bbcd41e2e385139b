#include "analysis/studies/elsewhere.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/gathered_rows.h"
#include "analysis/studies/set_overlap.h"
#include "analysis/studies/token_paths.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

constexpr uint32_t kTries = 64;  // to find rows of different trees

// Rows that all threads together have copies of, in bytes.
constexpr uint64_t kGatheredBytes = uint64_t{64} << 20;

// That one thread takes at a time; fewer make more passes over the rows.
uint64_t DrawsAtATime(const Trace& trace, unsigned threads) {
  const uint64_t row = std::max(1u, trace.row_ids) * sizeof(uint16_t);
  return std::clamp<uint64_t>(kGatheredBytes / threads / (2 * row), 256,
                              kElsewhereDraws);
}

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
    for (const TrieRows* part : rows.parts_) traces_.push_back(&part->trace());
  }

  void Draw(uint64_t token_a, uint64_t token_b, Numbers* numbers) {
    const auto a = PlacesOf(token_a);
    const auto b = PlacesOf(token_b);
    for (uint32_t i = 0; i < kTries && !a.empty() && !b.empty(); ++i) {
      const Place& x = a[numbers->Below(a.size())];
      const Place& y = b[numbers->Below(b.size())];
      const bool apart =
          result_.other_trees ? x.tree != y.tree : x.position != y.position;
      if (!apart) continue;
      drawn_.push_back({RefOf(x), RefOf(y), x.tree, y.tree});
      return;
    }
    ++result_.unmatched;
  }

  // Counts what was drawn since the last time.
  void Count() {
    std::vector<RowRef> refs;
    for (const Pair& pair : drawn_) {
      refs.push_back(pair.x);
      refs.push_back(pair.y);
    }
    gathered_.Load(traces_, std::move(refs));
    for (const Pair& pair : drawn_) CountPair(pair);
    drawn_.clear();
  }

  Elsewhere& result() { return result_; }

 private:
  struct Pair {
    RowRef x;
    RowRef y;
    uint32_t tree_x = 0;
    uint32_t tree_y = 0;
  };

  std::span<const Place> PlacesOf(uint64_t token) const {
    const auto found =
        std::lower_bound(rows_.tokens_.begin(), rows_.tokens_.end(), token);
    if (found == rows_.tokens_.end() || *found != token) return {};
    const auto t = static_cast<size_t>(found - rows_.tokens_.begin());
    return std::span(rows_.places_)
        .subspan(rows_.first_[t], rows_.first_[t + 1] - rows_.first_[t]);
  }

  RowRef RefOf(const Place& place) const {
    const TrieRows& part = *rows_.parts_[place.part];
    return {place.part, part.Get(place.node, place.position)->row};
  }

  void CountPair(const Pair& pair) {
    const uint16_t* const x = gathered_.ids(pair.x);
    const uint16_t* const y = gathered_.ids(pair.y);
    for (size_t l = 0; l < layers_.size(); ++l) {
      const auto a = gathered_.set(x, l);
      const auto b = gathered_.set(y, l);
      const uint32_t experts = layers_[l].experts;
      const bool usable = IsUsable(a, experts) && IsUsable(b, experts);
      const size_t bin =
          layout_.offset(l, 0) + (usable ? Overlap(a, b) : layers_[l].k + 1);
      ++result_.total[bin];
      if (result_.trees.empty()) continue;
      ++result_.trees[pair.tree_x][bin];
      if (pair.tree_y != pair.tree_x) ++result_.trees[pair.tree_y][bin];
    }
  }

  const ElsewhereRows& rows_;
  std::vector<const Trace*> traces_;
  const std::vector<MoeLayer>& layers_;
  const BinLayout layout_;
  std::vector<Pair> drawn_;
  GatheredRows gathered_;
  Elsewhere result_;
};

// Shares the draws out to threads.  `draw` does one.
Elsewhere ElsewhereRows::DrawAll(
    unsigned threads, bool per_tree,
    const std::function<void(uint64_t, Drawer*)>& draw) const {
  const uint64_t chunk = DrawsAtATime(parts_[0]->trace(), threads);
  Elsewhere result = std::move(Drawer(*this, per_tree).result());
  std::mutex mutex;
  std::atomic<uint64_t> next{0};
  RunWorkers(threads, [&] {
    Drawer drawer(*this, per_tree);
    for (uint64_t at = next.fetch_add(chunk); at < kElsewhereDraws;
         at = next.fetch_add(chunk)) {
      const uint64_t end = std::min(at + chunk, kElsewhereDraws);
      for (uint64_t d = at; d < end; ++d) draw(d, &drawer);
      drawer.Count();
    }
    const std::lock_guard lock(mutex);
    result.unmatched += drawer.result().unmatched;
    AddBins(drawer.result().total, &result.total);
    for (size_t t = 0; t < result.trees.size(); ++t) {
      AddBins(drawer.result().trees[t], &result.trees[t]);
    }
  });
  return result;
}

Elsewhere ElsewhereRows::Same(const TokenPairs& pairs, uint64_t seed,
                              bool per_tree, unsigned threads) const {
  const TokenScale scale(pairs.same);
  return DrawAll(threads, per_tree, [&](uint64_t d, Drawer* drawer) {
    if (scale.sum() == 0) return;
    Numbers numbers(seed, kStreamSameElsewhere, d);
    const uint64_t token = scale.At(Systematic(d, scale.sum()));
    drawer->Draw(token, token, &numbers);
  });
}

Elsewhere ElsewhereRows::Different(const TokenPairs& pairs, uint64_t seed,
                                   bool per_tree, unsigned threads) const {
  const TokenScale scale(pairs.different);
  return DrawAll(threads, per_tree, [&](uint64_t d, Drawer* drawer) {
    if (scale.tokens() < 2) return;
    Numbers numbers(seed, kStreamDifferentElsewhere, d);
    const uint64_t a = scale.At(Systematic(d, scale.sum()));
    uint64_t b = a;
    for (uint32_t i = 0; i < kTries && b == a; ++i) {
      b = scale.At(numbers.Below(scale.sum()));
    }
    if (a == b) {
      ++drawer->result().unmatched;
    } else {
      drawer->Draw(a, b, &numbers);
    }
  });
}

}  // namespace moetap
