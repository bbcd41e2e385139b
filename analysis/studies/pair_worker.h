// One thread's part of CountPairs.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_WORKER_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_WORKER_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "analysis/studies/pair_counts.h"
#include "analysis/studies/pair_masks.h"
#include "analysis/studies/set_pairs.h"

namespace moetap {

// What all threads share.  `counts` is under the mutex.
struct PairWork {
  PairSource source;
  std::vector<MoeLayer> layers;
  BinLayout cells;             // by layer and cell
  BinLayout by;                // by distinct k and slot
  std::vector<size_t> by_of;   // layer: its place in `by`
  std::vector<uint32_t> tree;  // tree: its place in counts.trees
  std::vector<uint32_t> leaf;  // node: place in counts.leaves; kNone: its rows
                               // are not on one leaf alone, or in no pair
  bool per_leaf = false;
  std::function<void(uint64_t)> progress;
  std::mutex mutex{};
  PairCounts counts{};
};

// A cell with a known output.
inline Cell CellOf(bool same_input, bool same_output) {
  return Cell((same_input ? kSameSame : kDifferentSame) + !same_output);
}

// The cell of a pair, by the tokens that the two trie rows have.
inline Cell CellOf(const TrieRow& a, const TrieRow& b) {
  const bool same_input = a.input == b.input;
  if (a.output_known && b.output_known) {
    return CellOf(same_input, a.output == b.output);
  }
  return same_input ? kSameUnknown : kDifferentUnknown;
}

// Rows with their expert sets in columns.
class LoadedRows {
 public:
  explicit LoadedRows(const PairWork& work);
  void Load(std::span<const TrieRow> rows);
  // Adds the loaded rows to expert_rows and the counts of faults.
  void CountExperts(PairCounts* counts) const;
  const SetColumn& column(size_t layer) const { return columns_[layer]; }
  std::span<const RowLabels> labels() const { return labels_; }

 private:
  const PairWork& work_;
  std::vector<uint32_t> rows_;  // of the trace
  std::vector<SetColumn> columns_;
  std::vector<RowLabels> labels_;
  uint64_t unknown_outputs_ = 0;
  uint64_t unrouted_ = 0;
  uint64_t malformed_ = 0;
};

// All pairs of the rows of a group.
class GroupCounter {
 public:
  explicit GroupCounter(PairWork* work);
  void Count(const RowGroup& group);
  void Finish();  // once, after the last group

 private:
  // A pair whose output token the leaves decide.
  struct LeafOutput {
    uint32_t other = 0;  // row of the group
    bool same_input = false;
    uint64_t same = 0;  // pairs of leaves with equal output tokens, ...
    uint64_t different = 0;
  };

  // Bins that the pairs of a mask go to, in any layer.
  struct Target {
    const uint64_t* mask = nullptr;
    const BinLayout* layout = nullptr;  // of the bins
    size_t slot = 0;
    uint64_t* bins = nullptr;
    uint64_t* also = nullptr;  // or null
  };

  void Prepare(const RowGroup& group);
  void CountRow(const RowGroup& group, uint32_t a);
  void CollectOutputs(const RowGroup& group, uint32_t a);
  void AddOutputs(const TrieRow& a, const TrieRow& b, uint32_t other);
  void CollectTargets(bool owner);
  void CountLayer(uint32_t a, uint32_t begin, size_t layer);
  void CountOutputs(uint32_t a, uint32_t begin, size_t layer);
  void Fold(uint64_t leaves);
  void AddAgreed();

  PairWork& work_;
  LoadedRows loaded_;
  PairMasks masks_;
  PairCounts local_;               // experts and faults
  TreeCounts group_;               // of one group
  std::vector<uint64_t> pending_;  // [leaf class]: as `cells`
  Bins owner_bins_;                // as `cells`
  std::vector<LeafOutput> outputs_;
  std::vector<Target> targets_;
  std::vector<MaskedBins> masked_;
  std::vector<uint8_t> sizes_;
};

// The pairs of a list.
class ListCounter {
 public:
  explicit ListCounter(PairWork* work);
  void Count(uint32_t tree, std::span<const RowPair> pairs);
  void Finish();  // once, after the last list

 private:
  // Pairs with the same first row.
  void CountRun(std::span<const RowPair> pairs);
  void CountPair(const RowPair& pair, const TrieRow& a, const TrieRow& b,
                 size_t number);
  // Adds one pair of size `size` (k + 1: unusable) in a layer.
  void AddPair(size_t layer, uint32_t size, const RowPair& pair, Cell cell,
               bool same_input, const uint32_t slots[kDimensions]);

  PairWork& work_;
  LoadedRows loaded_;
  TreeCounts slice_;
  std::vector<Bins> leaves_;  // as counts.leaves; empty where nothing is
  std::vector<TrieRow> rows_;
  std::vector<std::vector<uint8_t>> sizes_;  // per layer
};

// Adds each row that occurs in the lists once to the counts of experts.
void CountListedExperts(PairWork* work);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_WORKER_H_
