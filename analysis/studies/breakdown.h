// What locality is broken down by, besides layers and tokens.
#ifndef MOETAP_ANALYSIS_STUDIES_BREAKDOWN_H_
#define MOETAP_ANALYSIS_STUDIES_BREAKDOWN_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/trie_rows.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

struct Dimension {
  std::string name;                 // "distance", ...
  std::vector<std::string> values;  // those a pair can have
};

// A pair has one value in each dimension.
enum Dimensions : size_t {
  kDistance,
  kPhase,
  kTokenClass,
  kStrategy,
  kDimensions,
};

inline constexpr uint32_t kDistances = 10;  // 0, 1, 2-3, ... 128-255, 256-

struct RowLabels {
  uint32_t phase = 0;
  uint32_t token_class = 0;
  uint32_t strategy = 0;

  // In any dimension but kDistance.
  uint32_t value(size_t d) const {
    return d == kPhase ? phase : d == kTokenClass ? token_class : strategy;
  }
};

// Values of the rows and pairs of several traces.  Slots number the values of
// all dimensions; each has one slot for pairs with equal input tokens, and one
// for the others.
class Breakdown {
 public:
  // `vocabulary`: of the model; may be empty.
  Breakdown(std::span<const Trace> traces, const Vocabulary& vocabulary);

  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  size_t slots() const { return slots_; }
  // Of value `value` of dimension `d`.
  uint32_t Slot(size_t d, uint32_t value, bool same_input) const {
    return base_[d] + 2 * value + (same_input ? 0 : 1);
  }

  // The value of a pair whose rows have different ones.
  uint32_t mixed(size_t d) const { return mixed_[d]; }

  RowLabels Labels(size_t trace, const TrieRow& row) const;

  static uint32_t DistanceValue(uint32_t distance) {
    return std::min(kDistances - 1,
                    static_cast<uint32_t>(std::bit_width(distance)));
  }

  // Fills one slot for each dimension.  `distance`: positions since the fork,
  // 0 at the first token that differs.
  void Slots(const RowLabels& a, const RowLabels& b, uint32_t distance,
             bool same_input, uint32_t slots[kDimensions]) const {
    const auto common = [&](size_t d, uint32_t one, uint32_t other) {
      return Slot(d, one == other ? one : mixed_[d], same_input);
    };
    slots[kDistance] = Slot(kDistance, DistanceValue(distance), same_input);
    slots[kPhase] = common(kPhase, a.phase, b.phase);
    slots[kTokenClass] = common(kTokenClass, a.token_class, b.token_class);
    slots[kStrategy] = common(kStrategy, a.strategy, b.strategy);
  }

 private:
  std::vector<Dimension> dimensions_;
  uint32_t base_[kDimensions] = {};
  uint32_t mixed_[kDimensions] = {};  // the last value of each
  size_t slots_ = 0;
  std::vector<std::vector<uint32_t>> strategy_;  // [trace][sequence]
  // [trace][sequence][position]; empty without vocabulary.
  std::vector<std::vector<std::vector<uint8_t>>> token_class_;
  std::vector<const Trace*> traces_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_BREAKDOWN_H_
