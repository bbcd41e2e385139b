#include "analysis/studies/pair_masks.h"

#include <algorithm>
#include <limits>

namespace moetap {
namespace {

constexpr std::array<size_t, 3> kLabels = {kPhase, kTokenClass, kStrategy};

// Of the bits of word `word`: those of the rows below `end`.
uint64_t BitsBelow(uint32_t end, size_t word) {
  const size_t first = word * 64;
  if (end <= first) return 0;
  return end - first >= 64 ? ~uint64_t{0} : ~(~uint64_t{0} << (end - first));
}

void SetBit(uint64_t* mask, uint32_t bit) {
  mask[bit / 64] |= uint64_t{1} << (bit % 64);
}

}  // namespace

void PairMasks::Load(const RowGroup& group, std::span<const RowLabels> labels) {
  group_ = &group;
  rows_ = static_cast<uint32_t>(group.rows.size());
  words_ = (rows_ + 63) / 64;
  const auto load = [&](EqualRows* equal, const auto& value) {
    values_.clear();
    for (uint32_t r = 0; r < rows_; ++r) values_.push_back(value(r));
    equal->Load(values_);
  };
  load(&equal_inputs_, [&](uint32_t r) { return group.rows[r].input; });
  load(&equal_outputs_, [&](uint32_t r) { return group.rows[r].output; });
  for (const size_t d : kLabels) {
    labels_[d].clear();
    for (const RowLabels& one : labels) labels_[d].push_back(one.value(d));
    equal_labels_[d].Load(labels_[d]);
    same_label_[d].resize(words_);
  }
  known_.assign(words_, 0);
  fork_after_.clear();
  for (uint32_t r = 0; r < rows_; ++r) {
    if (group.rows[r].output_known) SetBit(known_.data(), r);
    if (r + 1 == rows_) break;
    fork_after_.push_back(
        ForkPosition(forest_, group.rows[r].node, group.rows[r + 1].node));
  }
  FindLeafClasses();
  same_input_.resize(words_);
  same_output_.resize(words_);
  later_.resize(leaf_values_.size() * kCells * words_);
  earlier_.resize(kCells * words_);
  slots_.resize(breakdown_.slots() * words_);
  unknown_.resize(words_);
}

void PairMasks::FindLeafClasses() {
  leaf_values_.clear();
  for (const TrieRow& row : group_->rows) leaf_values_.push_back(row.leaves);
  std::sort(leaf_values_.begin(), leaf_values_.end());
  leaf_values_.erase(std::unique(leaf_values_.begin(), leaf_values_.end()),
                     leaf_values_.end());
  leaf_class_.clear();
  classes_.assign(leaf_values_.size() * words_, 0);
  for (uint32_t r = 0; r < rows_; ++r) {
    const auto found = std::lower_bound(
        leaf_values_.begin(), leaf_values_.end(), group_->rows[r].leaves);
    leaf_class_.push_back(static_cast<uint32_t>(found - leaf_values_.begin()));
    SetBit(&classes_[leaf_class_[r] * words_], r);
  }
}

void PairMasks::Describe(uint32_t a, bool earlier) {
  equal_inputs_.Mark(a, same_input_);
  equal_outputs_.Mark(a, same_output_);
  for (const size_t d : kLabels) {
    if (!agree(d)) equal_labels_[d].Mark(a, same_label_[d]);
  }
  for (auto* masks : {&later_, &slots_, &unknown_}) {
    std::fill(masks->begin(), masks->end(), 0);
  }
  for (size_t w = earlier ? 0 : (a + 1) / 64; w < words_; ++w) {
    DescribeWord(a, w, earlier);
  }
  DescribeDistances(a);
}

void PairMasks::DescribeWord(uint32_t a, size_t word, bool earlier) {
  const uint64_t before = BitsBelow(a, word);
  const uint64_t later = BitsBelow(rows_, word) & ~BitsBelow(a + 1, word);
  const uint64_t in = same_input_[word];
  const uint64_t out = same_output_[word];
  const uint64_t known = group_->rows[a].output_known ? known_[word] : 0;
  const uint64_t cells[kCells] = {in & known & out,   in & known & ~out,
                                  in & ~known,        ~in & known & out,
                                  ~in & known & ~out, ~in & ~known};
  for (uint32_t cell = 0; cell < kCells; ++cell) {
    if (earlier) earlier_[cell * words_ + word] = cells[cell] & before;
    for (size_t c = 0; later != 0 && c < leaf_values_.size(); ++c) {
      later_[(c * kCells + cell) * words_ + word] =
          cells[cell] & later & classes_[c * words_ + word];
    }
  }
  unknown_[word] = later & ~known;
  DescribeLabels(a, word, later);
}

void PairMasks::DescribeLabels(uint32_t a, size_t word, uint64_t later) {
  for (const size_t d : kLabels) {
    if (agree(d)) continue;
    const auto value = static_cast<uint32_t>(labels_[d][a]);
    for (const bool same_input : {true, false}) {
      const uint64_t pairs =
          later & (same_input ? same_input_[word] : ~same_input_[word]);
      const auto add = [&](uint32_t of, uint64_t mask) {
        slots_[breakdown_.Slot(d, of, same_input) * words_ + word] |=
            pairs & mask;
      };
      add(value, same_label_[d][word]);
      add(breakdown_.mixed(d), ~same_label_[d][word]);
    }
  }
}

// The farther behind `a` a row is, the earlier have the two parted: rows with
// one value lie together.
void PairMasks::DescribeDistances(uint32_t a) {
  const uint32_t position = group_->rows[a].position;
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
        const uint32_t slot = breakdown_.Slot(kDistance, value, same_input);
        slots_[slot * words_ + word] |=
            range & (same_input ? same_input_[word] : ~same_input_[word]);
      }
    }
  }
}

}  // namespace moetap
