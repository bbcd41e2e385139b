#include <algorithm>
#include <bit>
#include <limits>

#include "analysis/studies/pair_worker.h"

namespace moetap {
namespace {

void SetBit(uint64_t* mask, uint32_t bit) {
  mask[bit / 64] |= uint64_t{1} << (bit % 64);
}

// Of the bits of word `word`: those of the rows below `end`.
uint64_t BitsBelow(uint32_t end, size_t word) {
  const size_t first = word * 64;
  if (end <= first) return 0;
  return end - first >= 64 ? ~uint64_t{0} : ~(~uint64_t{0} << (end - first));
}

bool Any(const uint64_t* mask, size_t words) {
  return std::any_of(mask, mask + words, [](uint64_t w) { return w != 0; });
}

uint64_t Bits(const uint64_t* mask, size_t words) {
  uint64_t bits = 0;
  for (size_t w = 0; w < words; ++w) {
    bits += static_cast<uint64_t>(std::popcount(mask[w]));
  }
  return bits;
}

}  // namespace

GroupCounter::GroupCounter(PairWork* work) : work_(*work), loaded_(*work) {
  group_ = {Bins(work_.cells.size()), Bins(work_.cells.size()),
            Bins(work_.by.size())};
  owner_bins_.resize(work_.cells.size());
}

void GroupCounter::Count(const RowGroup& group) {
  Prepare(group);
  // First rows by their number of leaves: what they add to weight=leaf is
  // multiplied once for all with the same number.
  for (uint32_t value = 0; value < leaf_values_.size(); ++value) {
    for (uint32_t a = 0; a < rows_; ++a) {
      if (leaf_class_[a] == value) CountRow(group, a);
    }
    Fold(leaf_values_[value]);
  }
  const std::lock_guard lock(work_.mutex);
  work_.counts.trees[work_.tree[group.tree]].Add(group_);
}

void GroupCounter::Finish() {
  const std::lock_guard lock(work_.mutex);
  work_.counts.Merge(std::move(local_));
}

void GroupCounter::Prepare(const RowGroup& group) {
  rows_ = static_cast<uint32_t>(group.rows.size());
  words_ = (rows_ + 63) / 64;
  loaded_.Load(group.rows);
  loaded_.CountExperts(&local_);
  for (Bins* bins : {&group_.row, &group_.leaf, &group_.by}) {
    std::fill(bins->begin(), bins->end(), 0);
  }
  fork_after_.clear();
  inputs_.clear();
  output_tokens_.clear();
  known_.clear();
  for (auto& labels : labels_) labels.clear();
  for (uint32_t r = 0; r < rows_; ++r) {
    const TrieRow& row = group.rows[r];
    inputs_.push_back(row.input);
    output_tokens_.push_back(row.output);
    known_.push_back(row.output_known);
    labels_[kPhase].push_back(loaded_.labels(r).phase);
    labels_[kTokenClass].push_back(loaded_.labels(r).token_class);
    labels_[kStrategy].push_back(loaded_.labels(r).strategy);
    if (r + 1 == rows_) break;
    fork_after_.push_back(ForkPosition(work_.source.rows->forest(), row.node,
                                       group.rows[r + 1].node));
  }
  FindLeafClasses(group);
  pending_.assign(leaf_values_.size() * work_.cells.size(), 0);
  cell_masks_.resize(leaf_values_.size() * kCells * words_);
  owner_masks_.resize(kCells * words_);
  by_masks_.resize(work_.by.slots() * words_);
  same_inputs_.resize(words_);
  sizes_.resize(words_ * 64);
}

void GroupCounter::FindLeafClasses(const RowGroup& group) {
  leaf_values_.clear();
  for (const TrieRow& row : group.rows) leaf_values_.push_back(row.leaves);
  std::sort(leaf_values_.begin(), leaf_values_.end());
  leaf_values_.erase(std::unique(leaf_values_.begin(), leaf_values_.end()),
                     leaf_values_.end());
  leaf_class_.clear();
  class_masks_.assign(leaf_values_.size() * words_, 0);
  for (uint32_t r = 0; r < rows_; ++r) {
    const auto found = std::lower_bound(
        leaf_values_.begin(), leaf_values_.end(), group.rows[r].leaves);
    leaf_class_.push_back(static_cast<uint32_t>(found - leaf_values_.begin()));
    SetBit(&class_masks_[leaf_class_[r] * words_], r);
  }
}

// Masks of the rows behind `a`, and with `owner` of all others too.
void GroupCounter::Describe(const RowGroup& group, uint32_t a, bool owner) {
  std::fill(cell_masks_.begin(), cell_masks_.end(), 0);
  std::fill(by_masks_.begin(), by_masks_.end(), 0);
  outputs_.clear();
  for (size_t word = owner ? 0 : (a + 1) / 64; word < words_; ++word) {
    DescribeWord(group, a, word, owner);
  }
  DescribeDistances(group, a);
}

GroupCounter::Equal GroupCounter::Compare(uint32_t a, size_t word) const {
  Equal equal;
  const size_t first = word * 64;
  const size_t end = std::min<size_t>(rows_, first + 64);
  const auto mask = [&](const auto& values) {
    uint64_t result = 0;
    for (size_t b = first; b < end; ++b) {
      result |= uint64_t{values[b] == values[a]} << (b - first);
    }
    return result;
  };
  equal.input = mask(inputs_);
  equal.output = mask(output_tokens_);
  equal.known = known_[a] ? mask(known_) : 0;
  for (const size_t d : {kPhase, kTokenClass, kStrategy}) {
    equal.labels[d] = mask(labels_[d]);
  }
  return equal;
}

void GroupCounter::DescribeWord(const RowGroup& group, uint32_t a, size_t word,
                                bool owner) {
  const Equal equal = Compare(a, word);
  const uint64_t in = equal.input;
  const uint64_t known = equal.known;
  const uint64_t rows = BitsBelow(rows_, word);
  const uint64_t later = rows & ~BitsBelow(a + 1, word);
  same_inputs_[word] = in;
  const uint64_t cells[kCells] = {
      in & known & equal.output,  in & known & ~equal.output,  in & ~known,
      ~in & known & equal.output, ~in & known & ~equal.output, ~in & ~known};
  const uint64_t others = later | BitsBelow(a, word);
  for (uint32_t cell = 0; cell < kCells; ++cell) {
    if (owner) owner_masks_[cell * words_ + word] = cells[cell] & others;
    for (size_t value = 0; value < leaf_values_.size(); ++value) {
      cell_masks_[(value * kCells + cell) * words_ + word] =
          cells[cell] & later & class_masks_[value * words_ + word];
    }
  }
  const Breakdown& breakdown = *work_.source.breakdown;
  for (const size_t d : {kPhase, kTokenClass, kStrategy}) {
    const uint64_t same = equal.labels[d];
    const uint32_t value = labels_[d][a];
    const auto add = [&](uint32_t of, bool same_input, uint64_t mask) {
      by_masks_[breakdown.Slot(d, of, same_input) * words_ + word] |=
          mask & later & (same_input ? in : ~in);
    };
    for (const bool same_input : {true, false}) {
      add(value, same_input, same);
      add(breakdown.mixed(d), same_input, ~same);
    }
  }
  for (uint64_t left = later & ~known; left != 0; left &= left - 1) {
    const auto b = static_cast<uint32_t>(word * 64) +
                   static_cast<uint32_t>(std::countr_zero(left));
    AddOutputs(group.rows[a], group.rows[b], b);
  }
}

// The farther behind `a` a row is, the earlier have the two parted: rows with
// one value lie together.
void GroupCounter::DescribeDistances(const RowGroup& group, uint32_t a) {
  const Breakdown& breakdown = *work_.source.breakdown;
  const uint32_t position = group.rows[a].position;
  uint32_t fork = std::numeric_limits<uint32_t>::max();
  for (uint32_t b = a + 1; b < rows_;) {
    const uint32_t first = b;
    fork = std::min(fork, fork_after_[b - 1]);
    const uint32_t value = Breakdown::DistanceValue(position - fork);
    for (++b; b < rows_; ++b) {
      const uint32_t next = std::min(fork, fork_after_[b - 1]);
      if (next != fork && Breakdown::DistanceValue(position - next) != value) {
        break;
      }
      fork = next;
    }
    for (size_t word = first / 64; word * 64 < b; ++word) {
      const uint64_t range = BitsBelow(b, word) & ~BitsBelow(first, word);
      for (const bool same_input : {true, false}) {
        const uint32_t slot = breakdown.Slot(kDistance, value, same_input);
        by_masks_[slot * words_ + word] |=
            range & (same_input ? same_inputs_[word] : ~same_inputs_[word]);
      }
    }
  }
}

void GroupCounter::AddOutputs(const TrieRow& a, const TrieRow& b,
                              uint32_t other) {
  const TrieRows& rows = *work_.source.rows;
  LeafOutput output{other, a.input == b.input, 0, 0};
  for (const auto& [token, leaves] : rows.Outputs(a)) {
    for (const auto& [token_b, leaves_b] : rows.Outputs(b)) {
      const uint64_t pairs = uint64_t{leaves} * leaves_b;
      (token == token_b ? output.same : output.different) += pairs;
    }
  }
  outputs_.push_back(output);
}

void GroupCounter::CollectTargets(bool owner) {
  targets_.clear();
  const auto add = [&](const uint64_t* mask, uint64_t* bins,
                       const BinLayout& layout, size_t slot) {
    if (Any(mask, words_)) targets_.push_back({mask, bins, &layout, slot});
  };
  for (size_t value = 0; value < leaf_values_.size(); ++value) {
    for (uint32_t cell = 0; cell < kCells; ++cell) {
      add(&cell_masks_[(value * kCells + cell) * words_],
          &pending_[value * work_.cells.size()], work_.cells, cell);
    }
  }
  for (size_t slot = 0; slot < work_.by.slots(); ++slot) {
    add(&by_masks_[slot * words_], group_.by.data(), work_.by, slot);
  }
  for (uint32_t cell = 0; owner && cell < kCells; ++cell) {
    add(&owner_masks_[cell * words_], owner_bins_.data(), work_.cells, cell);
  }
}

void GroupCounter::CountRow(const RowGroup& group, uint32_t a) {
  const uint32_t leaf = work_.per_leaf ? work_.leaf[group.rows[a].node] : kNone;
  Describe(group, a, leaf != kNone);
  if (leaf != kNone) std::fill(owner_bins_.begin(), owner_bins_.end(), 0);
  CollectTargets(leaf != kNone);
  const uint32_t begin = leaf != kNone ? 0 : (a + 1) / 64 * 64;
  for (size_t l = 0; !targets_.empty() && l < work_.layers.size(); ++l) {
    CountLayer(a, begin, l);
    CountOutputs(a, begin, l);
  }
  if (leaf != kNone) {
    const std::lock_guard lock(work_.mutex);
    AddBins(owner_bins_, &work_.counts.leaves[leaf]);
  }
  if (work_.progress) work_.progress(rows_ - a - 1);
}

void GroupCounter::CountLayer(uint32_t a, uint32_t begin, size_t layer) {
  const SetColumn& column = loaded_.column(layer);
  const uint32_t k = work_.cells.k(layer);
  const bool usable = column.usable(a);
  masked_.clear();
  for (const Target& target : targets_) {
    const size_t place =
        target.layout == &work_.by ? work_.by_of[layer] : layer;
    uint64_t* bins = target.bins + target.layout->offset(place, target.slot);
    if (usable) {
      masked_.push_back({target.mask + begin / 64, bins});
    } else {
      bins[k + 1] += Bits(target.mask, words_);
    }
  }
  if (!usable) return;
  Intersect(column, a, begin, rows_, sizes_.data());
  AddHistogram(sizes_.data(), column.usable_mask() + begin / 64, rows_ - begin,
               k, masked_);
}

void GroupCounter::CountOutputs(uint32_t a, uint32_t begin, size_t layer) {
  const SetColumn& column = loaded_.column(layer);
  for (const LeafOutput& output : outputs_) {
    const bool usable = column.usable(a) && column.usable(output.other);
    const uint32_t size =
        usable ? sizes_[output.other - begin] : work_.cells.k(layer) + 1;
    const auto add = [&](bool same, uint64_t pairs) {
      const Cell cell = CellOf(output.same_input, same);
      group_.leaf[work_.cells.offset(layer, cell) + size] += pairs;
    };
    add(true, output.same);
    add(false, output.different);
  }
}

// Moves what first rows with this number of leaves have counted to the group.
void GroupCounter::Fold(uint64_t leaves) {
  for (size_t value = 0; value < leaf_values_.size(); ++value) {
    const uint64_t weight = leaves * leaf_values_[value];
    for (size_t l = 0; l < work_.layers.size(); ++l) {
      for (uint32_t cell = 0; cell < kCells; ++cell) {
        const bool known = cell != kSameUnknown && cell != kDifferentUnknown;
        const size_t first = work_.cells.offset(l, cell);
        uint64_t* from = &pending_[value * work_.cells.size() + first];
        for (size_t i = 0; i < work_.cells.width(l); ++i) {
          group_.row[first + i] += from[i];
          if (known) group_.leaf[first + i] += weight * from[i];
          from[i] = 0;
        }
      }
    }
  }
}

}  // namespace moetap
