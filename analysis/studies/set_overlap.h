// The size of the intersection of two expert sets.
#ifndef MOETAP_ANALYSIS_STUDIES_SET_OVERLAP_H_
#define MOETAP_ANALYSIS_STUDIES_SET_OVERLAP_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace moetap {

// |a & b|; ids are distinct in each.  Ids of b are compared 8 at a time, which
// for sets as small as those of routers beats a merge of sorted ones.
inline uint32_t Overlap(std::span<const uint16_t> a,
                        std::span<const uint16_t> b) {
  using Lanes [[gnu::vector_size(16)]] = uint16_t;
  constexpr size_t kLanes = 8;
  uint32_t overlap = 0;
  size_t j = 0;
  for (; j + kLanes <= b.size(); j += kLanes) {
    Lanes some;
    std::memcpy(&some, b.data() + j, sizeof some);
    Lanes hits{};
    for (const uint16_t id : a) hits -= Lanes(some == id);
    for (size_t i = 0; i < kLanes; ++i) overlap += hits[i];
  }
  for (; j < b.size(); ++j) {
    overlap += std::find(a.begin(), a.end(), b[j]) != a.end();
  }
  return overlap;
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_OVERLAP_H_
