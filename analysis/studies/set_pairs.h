// Expert sets of the rows of one layer, and the sizes of the intersections of
// one set with many.
#ifndef MOETAP_ANALYSIS_STUDIES_SET_PAIRS_H_
#define MOETAP_ANALYSIS_STUDIES_SET_PAIRS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace moetap {

enum class SetState : uint8_t { kUsable, kUnrouted, kMalformed };

// So that sizes and the value "not usable" fit a byte.
inline constexpr uint32_t kMaxSetSize = 254;

// The sets of up to `rows` rows in one layer.  The bits lie by expert, one per
// row: the sizes of |a & b| for 64 rows b are the sums, bit by bit, of one
// word of each expert in a, a few additions with carry however many experts
// there are.  Not for use by several threads while one of them writes.
class SetColumn {
 public:
  // Makes all sets empty and not usable.  Keeps the memory, and costs as much
  // as what was written since the last time.
  void Reset(uint32_t rows, uint32_t experts);

  // Once per row after Reset.  Usable are distinct ids below `experts`, at
  // most kMaxSetSize; with a kNoRoute among them the set is unrouted.
  SetState Write(uint32_t row, std::span<const uint16_t> ids);

  bool usable(uint32_t row) const { return usable_[row / 64] >> row % 64 & 1; }
  // Bit r % 64 of word r / 64: is row r usable.  Zero beyond rows().
  const uint64_t* usable_mask() const { return usable_.data(); }
  uint32_t rows() const { return rows_; }

  // For the kernels.  The experts of a usable set as slots, their number
  // rounded up to a multiple of kSlotStep with slots of no bits.
  static constexpr uint32_t kSlotStep = 8;
  std::span<const uint16_t> slots(uint32_t row) const {
    return {slots_.data() + sets_[row].first, sets_[row].slots};
  }
  // Bit r % 64 of word r / 64: is the slot's expert in the set of row r.
  // kSlack words beyond the last may be read; what they hold means nothing.
  static constexpr size_t kSlack = 7;
  const uint64_t* bits(uint16_t slot) const {
    return bits_.data() + slot * words_;
  }

 private:
  struct Set {
    size_t first = 0;
    uint32_t slots = 0;
  };

  // The word with the bit of `row`, in memory that grows as ids need it.
  uint64_t* WordOf(uint16_t id, uint32_t row);

  // Clears the bits of `row` in the slots.
  void Erase(uint32_t row, std::span<const uint16_t> slots);

  uint32_t rows_ = 0;
  uint32_t experts_ = 0;
  size_t words_ = 0;
  std::vector<uint64_t> bits_;  // [slot][words_]; slot 0 has no bits, slot
                                // e + 1 is expert e, as far as ids go
  std::vector<uint64_t> usable_;
  std::vector<uint16_t> slots_;  // of all usable sets
  std::vector<Set> sets_;        // [row]
};

// Ways to compute, which all give the same.  kAvx512 needs AVX512BW and
// AVX512VPOPCNTDQ.  Only those of PairPaths() may be asked for.
enum class PairPath : uint8_t { kScalar, kAvx2, kAvx512 };

// Those that this CPU can run, slowest first; kScalar is always there.
const std::vector<PairPath>& PairPaths();
PairPath BestPairPath();  // the last of them

// sizes[b - begin] = |row & b| for the rows b in [begin, end), 0 if one of the
// two is not usable.  `begin` is a multiple of 64; `sizes` has room for
// end - begin rounded up to 64, and all of it is written.
void Intersect(const SetColumn& sets, uint32_t row, uint32_t begin,
               uint32_t end, uint8_t* sizes, PairPath path = BestPairPath());

// Pairs chosen by bit i % 64 of word i / 64 of `mask`: pair i of sizes.
// bins[v], 0 <= v <= k, has the usable pairs of size v added, and bins[k + 1]
// those whose set is not usable; likewise `also`, unless it is null.  The
// caller owns all.
struct MaskedBins {
  const uint64_t* mask;
  uint64_t* bins;
  uint64_t* also = nullptr;
};

// Adds n pairs to every output.  `sizes` as Intersect leaves them, none above
// k <= kMaxSetSize; `usable` has the shape of a mask: SetColumn's, from word
// begin / 64 on.  Masks have no bits beyond n.
void AddHistogram(const uint8_t* sizes, const uint64_t* usable, uint32_t n,
                  uint32_t k, std::span<const MaskedBins> outputs,
                  PairPath path = BestPairPath());

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_PAIRS_H_
