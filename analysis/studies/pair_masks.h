// Which pairs of one row with the others of its group lie in which cell, and
// in which slot of a breakdown: one bit per other row.
#ifndef MOETAP_ANALYSIS_STUDIES_PAIR_MASKS_H_
#define MOETAP_ANALYSIS_STUDIES_PAIR_MASKS_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/breakdown.h"
#include "analysis/studies/equal_rows.h"
#include "analysis/studies/pair_counts.h"
#include "analysis/studies/row_groups.h"

namespace moetap {

class PairMasks {
 public:
  PairMasks(const Forest& forest, const Breakdown& breakdown)
      : forest_(forest), breakdown_(breakdown) {}

  // Refers to the group until the next one.
  void Load(const RowGroup& group, std::span<const RowLabels> labels);

  // Sets the masks to the pairs of row `a`; those with earlier rows on demand.
  void Describe(uint32_t a, bool earlier);

  uint32_t rows() const { return rows_; }
  // Of each mask: bit r % 64 of word r / 64 is row r.
  size_t words() const { return words_; }

  // Numbers of leaves that rows have, distinct and ascending: leaf classes.
  std::span<const uint64_t> leaf_values() const { return leaf_values_; }
  uint32_t leaf_class(uint32_t row) const { return leaf_class_[row]; }

  // Later rows of a leaf class whose pair is in the cell.
  const uint64_t* later(size_t leaf_class, uint32_t cell) const {
    return &later_[(leaf_class * kCells + cell) * words_];
  }
  const uint64_t* earlier(uint32_t cell) const {
    return &earlier_[cell * words_];
  }
  // Later rows.  Those of a dimension in which all rows agree are left out.
  const uint64_t* slot(size_t slot) const { return &slots_[slot * words_]; }
  bool agree(size_t dimension) const {
    return dimension != kDistance && equal_labels_[dimension].uniform();
  }
  // Later rows whose pair has no known output.
  std::span<const uint64_t> unknown() const { return unknown_; }

 private:
  void FindLeafClasses();
  void DescribeWord(uint32_t a, size_t word, bool earlier);
  void DescribeLabels(uint32_t a, size_t word, uint64_t later);
  void DescribeDistances(uint32_t a);

  const Forest& forest_;
  const Breakdown& breakdown_;
  const RowGroup* group_ = nullptr;
  uint32_t rows_ = 0;
  size_t words_ = 0;
  std::vector<uint32_t> fork_after_;  // where rows i and i + 1 part
  std::vector<uint64_t> leaf_values_;
  std::vector<uint32_t> leaf_class_;  // row: place in leaf_values_
  EqualRows equal_inputs_;
  EqualRows equal_outputs_;  // of known ones
  std::array<EqualRows, kDimensions> equal_labels_;
  std::array<std::vector<uint64_t>, kDimensions> labels_;  // but for distances
  std::vector<uint64_t> values_;                           // room for Load

  // Masks.  Of the group: rows of each leaf class, and with a known output.
  std::vector<uint64_t> classes_;
  std::vector<uint64_t> known_;
  // Rows that equal row `a`.
  std::vector<uint64_t> same_input_;
  std::vector<uint64_t> same_output_;
  std::array<std::vector<uint64_t>, kDimensions> same_label_;
  // Pairs.
  std::vector<uint64_t> later_;
  std::vector<uint64_t> earlier_;
  std::vector<uint64_t> slots_;
  std::vector<uint64_t> unknown_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PAIR_MASKS_H_
