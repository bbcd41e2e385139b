// Rows of a group by a value that they have, such as their input token.
#ifndef MOETAP_ANALYSIS_STUDIES_EQUAL_ROWS_H_
#define MOETAP_ANALYSIS_STUDIES_EQUAL_ROWS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

class EqualRows {
 public:
  // values[r] of each row r.
  void Load(std::span<const uint64_t> values);

  // Whether all rows have one value.
  bool uniform() const { return first_.size() <= 2; }

  // Rows with the value of `row`, itself among them, in ascending order.
  std::span<const uint32_t> With(uint32_t row) const {
    const uint32_t c = class_of_[row];
    return std::span(order_).subspan(first_[c], first_[c + 1] - first_[c]);
  }

  // Clears `mask`, of a bit per row, and sets the bits of With(row).
  void Mark(uint32_t row, std::span<uint64_t> mask) const;

 private:
  std::vector<uint32_t> order_;     // rows by value, then by number
  std::vector<uint32_t> first_;     // of each value in order_, and the end
  std::vector<uint32_t> class_of_;  // row: its value's place in first_
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EQUAL_ROWS_H_
