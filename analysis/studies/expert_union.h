// The union of expert sets, as bits.
#ifndef MOETAP_ANALYSIS_STUDIES_EXPERT_UNION_H_
#define MOETAP_ANALYSIS_STUDIES_EXPERT_UNION_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/token_paths.h"

namespace moetap {

class ExpertUnion {
 public:
  // `experts` 0: their number is not known.
  explicit ExpertUnion(uint32_t experts)
      : experts_(experts), words_((experts == 0 ? 65536 : experts + 63) / 64) {}

  void Clear() { std::fill(words_.begin(), words_.end(), 0); }

  // Adds nothing and returns false if the set, ascending, is not usable.
  bool Add(std::span<const uint16_t> set) {
    if (!IsUsable(set, experts_)) return false;
    for (const uint16_t id : set) words_[id / 64] |= uint64_t{1} << (id % 64);
    return true;
  }

  uint32_t Count() const {
    uint32_t count = 0;
    for (const uint64_t word : words_) {
      count += static_cast<uint32_t>(std::popcount(word));
    }
    return count;
  }

 private:
  uint32_t experts_;
  std::vector<uint64_t> words_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_EXPERT_UNION_H_
