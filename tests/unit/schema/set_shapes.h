// Shapes of the sets of a block, for tests of how they are arranged.
#ifndef MOETAP_TESTS_UNIT_SCHEMA_SET_SHAPES_H_
#define MOETAP_TESTS_UNIT_SCHEMA_SET_SHAPES_H_

#include <gtest/gtest.h>

#include <vector>

#include "schema/set_groups.h"

namespace moetap {

using Ids = std::vector<uint16_t>;

struct Shape {
  uint32_t rows;
  uint16_t layer_list;
};

class SetShapesTest : public testing::Test {
 protected:
  // Groups of layer lists {0..4}, {2, 4}, {4000} and {7, 7}.
  void SetShape(uint16_t k, const std::vector<Shape>& shapes) {
    groups_.clear();
    ids_ = 0;
    for (const Shape& shape : shapes) {
      const Ids& slots = kSlots[shape.layer_list];
      groups_.push_back({shape.rows, k, shape.layer_list,
                         static_cast<uint32_t>(slots.size()), slots.data()});
      ids_ += shape.rows * groups_.back().row_ids();
    }
  }

  const std::vector<Ids> kSlots = {{0, 1, 2, 3, 4}, {2, 4}, {4000}, {7, 7}};
  std::vector<SetGroup> groups_;
  size_t ids_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_SCHEMA_SET_SHAPES_H_
