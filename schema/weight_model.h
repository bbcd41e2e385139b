// The distribution of sets of k ids of one layer in which an id's weight is how
// popular it is, and a set is as likely as the product of its weights.  Given
// the ids before it, each id of an ascending set is one symbol for a range
// coder.  docs/log_format.md has the formulas.
//
// Plain memory of fixed size; nothing throws or allocates.  Not thread-safe.
#ifndef MOETAP_SCHEMA_WEIGHT_MODEL_H_
#define MOETAP_SCHEMA_WEIGHT_MODEL_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace moetap {

// An id's weight is 2^(-level / 2).
inline constexpr uint32_t kWeightLevels = 32;

class WeightModel {
 public:
  static constexpr size_t kMaxSymbols = 4096;
  static constexpr size_t kMaxEntries = size_t{1} << 16;  // of one layer
  static constexpr size_t kMaxWork = size_t{1} << 22;     // of all layers
  static constexpr size_t kMaxLevels = size_t{1} << 18;

  // Whether a block's layers can be modelled, in bounded memory and time.
  static bool Fits(size_t layers, size_t symbols, size_t k);

  // Of `symbols` levels below kWeightLevels.
  void Build(const uint8_t* levels, size_t symbols, size_t k);
  // What Find() needs besides.
  void BuildCells();

  // What `left` (1 .. k) ids from `id` on weigh: the total for the next symbol
  // if ids below `id` are past, and with id + 1 the low end of `id`'s interval.
  const uint32_t* tails(size_t left) const {
    return tail_ + (left - 1) * (symbols_ + kAtOnce);
  }
  const uint64_t* inverses(size_t left) const {
    return inverse_ + (left - 1) * (symbols_ + kAtOnce);
  }

  // The id, at least `from`, whose interval holds `place`, which is below the
  // total tails(left)[from].
  size_t Find(size_t left, size_t from, uint32_t place) const {
    const uint32_t* tail = tails(left);
    size_t id = cell_[(left - 1) * kCells + CellOf(place)];
    if (id < from) id = from;
    for (;;) {
      const uint32_t past = HowManyAbove(tail + id + 1, place);
      id += past;
      if (past < kAtOnce) return id;
    }
  }

 private:
  // Of the next kAtOnce tails, which are below 2^31.
  static uint32_t HowManyAbove(const uint32_t* tail, uint32_t place) {
    using Four = int32_t __attribute__((vector_size(16)));
    Four tails[2];
    std::memcpy(&tails[0], tail, sizeof(Four));
    std::memcpy(&tails[1], tail + 4, sizeof(Four));
    const Four places = Four{} + static_cast<int32_t>(place);
    Four above = (tails[0] > places) + (tails[1] > places);  // as -1
    above += __builtin_shufflevector(above, above, 2, 3, 0, 1);
    above += __builtin_shufflevector(above, above, 1, 0, 3, 2);
    return static_cast<uint32_t>(-above[0]);
  }

  static constexpr size_t kMaxK = 64;
  static constexpr int kTailBits = 24;
  static constexpr size_t kAtOnce = 8;  // zeros behind the tails of each `left`
  // Places below 2^kCellBits have cells of their own; each cell above is as
  // wide as its octave asks for, as totals shrink with the ids that are left.
  static constexpr uint32_t CellOf(uint32_t place) {
    constexpr uint32_t kFirst = uint32_t{1} << kCellBits;
    const auto octave =
        static_cast<uint32_t>(std::bit_width(place | kFirst)) - 1 - kCellBits;
    return (octave << kCellBits) + (place >> octave);
  }
  static constexpr uint32_t kCellBits = 4;
  static constexpr size_t kCells = ((kTailBits + 2 - kCellBits) << kCellBits);

  void Quantise(size_t left);

  size_t symbols_ = 0;
  size_t k_ = 0;
  uint32_t tail_[kMaxEntries];
  uint64_t inverse_[kMaxEntries];
  uint16_t cell_[kMaxK * kCells];
};

// Levels whose likelihood is the same, of one layer: behind them they are
// counted.
inline constexpr size_t kLevelRun = 64;

// How likely each level is, from the runs before.
class LevelModel {
 public:
  void Reset();
  // To be called behind each run.
  void Count(const uint8_t* levels, size_t n);

  uint32_t total() const { return low_[kWeightLevels]; }
  uint32_t low(uint32_t level) const { return low_[level]; }
  uint32_t frequency(uint32_t level) const {
    return low_[level + 1] - low_[level];
  }
  // The level whose interval holds `place`, which is below total().
  uint32_t Find(uint32_t place) const {
    uint32_t level = 0;
    while (place >= low_[level + 1]) ++level;
    return level;
  }

 private:
  uint32_t low_[kWeightLevels + 1];
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_WEIGHT_MODEL_H_
