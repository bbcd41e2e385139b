// Expert sets of one row group as bitsets, and the loop over pairs.
#ifndef MOETAP_ANALYSIS_STUDIES_SET_BITS_H_
#define MOETAP_ANALYSIS_STUDIES_SET_BITS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

enum class SetState : uint8_t { kUsable, kUnrouted, kMalformed };

// Writes `ids` as bits into `words` (zero before) and says whether the set is
// usable: k distinct ids below `experts`.  `words` holds `experts` bits.
SetState WriteBits(std::span<const uint16_t> ids, uint32_t experts,
                   uint64_t* words);

// One layer of a group: `words` words per row and one byte, 0 for a set that
// is not usable.
struct LayerBits {
  uint32_t words = 0;
  std::vector<uint64_t> bits;
  std::vector<uint8_t> usable;
};

// For each row b in [first, last): adds one to
// bins[bin[b] + |row & b|], or bins[bin[b] + unusable_bin] if either set is
// not usable.
void CountRow(const LayerBits& layer, size_t row, size_t first, size_t last,
              const uint32_t* bin, uint32_t unusable_bin, uint32_t* bins);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_BITS_H_
