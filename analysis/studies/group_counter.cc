#include <algorithm>
#include <bit>

#include "analysis/studies/pair_worker.h"

namespace moetap {
namespace {

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

GroupCounter::GroupCounter(PairWork* work)
    : work_(*work),
      loaded_(*work),
      masks_(work->source.rows->forest(), *work->source.breakdown) {
  group_ = {Bins(work_.cells.size()), Bins(work_.cells.size()),
            Bins(work_.by.size())};
  owner_bins_.resize(work_.cells.size());
}

void GroupCounter::Count(const RowGroup& group) {
  Prepare(group);
  // First rows by their number of leaves: what they add to weight=leaf is
  // multiplied once for all with the same number.
  const auto leaf_values = masks_.leaf_values();
  for (uint32_t c = 0; c < leaf_values.size(); ++c) {
    for (uint32_t a = 0; a < masks_.rows(); ++a) {
      if (masks_.leaf_class(a) == c) CountRow(group, a);
    }
    Fold(leaf_values[c]);
  }
  AddAgreed();
  const std::lock_guard lock(work_.mutex);
  work_.counts.trees[work_.tree[group.tree]].Add(group_);
}

void GroupCounter::Finish() {
  const std::lock_guard lock(work_.mutex);
  work_.counts.Merge(std::move(local_));
}

void GroupCounter::Prepare(const RowGroup& group) {
  loaded_.Load(group.rows);
  loaded_.CountExperts(&local_);
  masks_.Load(group, loaded_.labels());
  for (Bins* bins : {&group_.row, &group_.leaf, &group_.by}) {
    std::fill(bins->begin(), bins->end(), 0);
  }
  pending_.assign(masks_.leaf_values().size() * work_.cells.size(), 0);
  sizes_.resize(masks_.words() * 64);
}

void GroupCounter::CountRow(const RowGroup& group, uint32_t a) {
  const uint32_t leaf = work_.per_leaf ? work_.leaf[group.rows[a].node] : kNone;
  const bool owner = leaf != kNone;
  masks_.Describe(a, owner);
  if (owner) std::fill(owner_bins_.begin(), owner_bins_.end(), 0);
  CollectTargets(owner);
  CollectOutputs(group, a);
  const uint32_t begin = owner ? 0 : (a + 1) / 64 * 64;
  for (size_t l = 0; !targets_.empty() && l < work_.layers.size(); ++l) {
    CountLayer(a, begin, l);
    CountOutputs(a, begin, l);
  }
  if (owner) {
    const std::lock_guard lock(work_.mutex);
    AddBins(owner_bins_, &work_.counts.leaves[leaf]);
  }
  if (work_.progress) work_.progress(masks_.rows() - a - 1);
}

void GroupCounter::CollectOutputs(const RowGroup& group, uint32_t a) {
  outputs_.clear();
  const auto unknown = masks_.unknown();
  for (size_t word = 0; word < unknown.size(); ++word) {
    for (uint64_t left = unknown[word]; left != 0; left &= left - 1) {
      const auto b = static_cast<uint32_t>(word * 64) +
                     static_cast<uint32_t>(std::countr_zero(left));
      AddOutputs(group.rows[a], group.rows[b], b);
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
  const auto add = [&](const Target& target) {
    if (Any(target.mask, masks_.words())) targets_.push_back(target);
  };
  for (size_t c = 0; c < masks_.leaf_values().size(); ++c) {
    for (uint32_t cell = 0; cell < kCells; ++cell) {
      add({masks_.later(c, cell), &work_.cells, cell,
           &pending_[c * work_.cells.size()],
           owner ? owner_bins_.data() : nullptr});
    }
  }
  for (size_t slot = 0; slot < work_.by.slots(); ++slot) {
    add({masks_.slot(slot), &work_.by, slot, group_.by.data()});
  }
  for (uint32_t cell = 0; owner && cell < kCells; ++cell) {
    add({masks_.earlier(cell), &work_.cells, cell, owner_bins_.data()});
  }
}

void GroupCounter::CountLayer(uint32_t a, uint32_t begin, size_t layer) {
  const SetColumn& column = loaded_.column(layer);
  const uint32_t k = work_.cells.k(layer);
  const bool usable = column.usable(a);
  masked_.clear();
  for (const Target& target : targets_) {
    const size_t place =
        target.layout == &work_.by ? work_.by_of[layer] : layer;
    const size_t offset = target.layout->offset(place, target.slot);
    const MaskedBins masked{
        target.mask + begin / 64, target.bins + offset,
        target.also != nullptr ? target.also + offset : nullptr};
    if (usable) {
      masked_.push_back(masked);
      continue;
    }
    const uint64_t pairs = Bits(target.mask, masks_.words());
    masked.bins[k + 1] += pairs;
    if (masked.also != nullptr) masked.also[k + 1] += pairs;
  }
  if (!usable) return;
  Intersect(column, a, begin, masks_.rows(), sizes_.data());
  AddHistogram(sizes_.data(), column.usable_mask() + begin / 64,
               masks_.rows() - begin, k, masked_);
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
  const auto leaf_values = masks_.leaf_values();
  for (size_t c = 0; c < leaf_values.size(); ++c) {
    const uint64_t weight = leaves * leaf_values[c];
    for (size_t l = 0; l < work_.layers.size(); ++l) {
      for (uint32_t cell = 0; cell < kCells; ++cell) {
        const bool known = cell != kSameUnknown && cell != kDifferentUnknown;
        const size_t first = work_.cells.offset(l, cell);
        uint64_t* from = &pending_[c * work_.cells.size() + first];
        for (size_t i = 0; i < work_.cells.width(l); ++i) {
          group_.row[first + i] += from[i];
          if (known) group_.leaf[first + i] += weight * from[i];
          from[i] = 0;
        }
      }
    }
  }
}

// Where all rows have one value, the pairs of that value are those of the
// cells.
void GroupCounter::AddAgreed() {
  for (size_t d = 0; d < kDimensions; ++d) {
    if (!masks_.agree(d)) continue;
    const uint32_t value = loaded_.labels()[0].value(d);
    for (size_t l = 0; l < work_.layers.size(); ++l) {
      for (uint32_t cell = 0; cell < kCells; ++cell) {
        const bool same_input = cell < kDifferentSame;
        const uint64_t* from = &group_.row[work_.cells.offset(l, cell)];
        uint64_t* to = &group_.by[work_.by.offset(
            work_.by_of[l],
            work_.source.breakdown->Slot(d, value, same_input))];
        for (size_t i = 0; i < work_.cells.width(l); ++i) to[i] += from[i];
      }
    }
  }
}

}  // namespace moetap
