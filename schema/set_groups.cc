#include "schema/set_groups.h"

#include <algorithm>

namespace moetap {

size_t NumberLayers(SetGroups groups, LayerNumbers& dense) {
  constexpr uint16_t kUnseen = 0xFFFF;
  std::fill(std::begin(dense), std::end(dense), kUnseen);
  uint16_t layers = 0;
  for (const SetGroup& group : groups) {
    if (group.rows == 0) continue;  // its list may be as long as it likes
    for (size_t i = 0; i < group.layers; ++i) {
      uint16_t& number = dense[group.slots[i]];
      if (number == kUnseen) number = layers++;
    }
  }
  return layers;
}

}  // namespace moetap
