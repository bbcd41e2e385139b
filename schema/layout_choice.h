// Arranges the sets of a block for compression, in the way that measures best.
//
// Plain memory of fixed size; nothing throws or allocates.  Not thread-safe.
#ifndef MOETAP_SCHEMA_LAYOUT_CHOICE_H_
#define MOETAP_SCHEMA_LAYOUT_CHOICE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_codec.h"
#include "schema/ranked_sets.h"
#include "schema/routing_log_generated.h"
#include "schema/set_groups.h"
#include "schema/weighted_sets.h"

namespace moetap {

// Arranged sets take at most two bytes per id and this.
inline constexpr size_t kArrangedMore = size_t{64} << 10;

// What tells how large bytes will be once they are compressed.
struct Measure {
  ZSTD_CCtx_s* context = nullptr;  // null: nothing is tried
  int level = kZstdLevel;
  std::span<uint8_t> scratch;  // room for the compressed sets of a block
  bool every_block = false;    // else on one id in 32, or so
};

struct ArrangedIds {
  log::Layout layout = log::Layout::SortedTokenMajor;
  Bytes bytes;  // valid until the next call
};

class LayoutChoice {
 public:
  // Tries all ways of arranging the sets and takes the smallest; between
  // trials, the one that won the last.  Without a context it is always
  // SortedTokenMajor.
  ArrangedIds Arrange(SetGroups groups, std::span<const uint16_t> ids,
                      int id_bytes, const Measure& measure);

 private:
  enum Way { kSorted, kRanked, kWeighted, kReferenced, kWays };

  // Trials cost at most this part of what blocks cost without them, times the
  // number of ways.
  static constexpr size_t kTrialEvery = 32;

  ArrangedIds ArrangeAs(Way way, SetGroups groups,
                        std::span<const uint16_t> ids, int id_bytes);

  Way way_ = kSorted;
  bool tried_ = false;
  size_t since_trial_ = 0;  // ids
  uint8_t out_[kWays][kMaxBlockIds * sizeof(uint16_t) + kArrangedMore];
  RankedWorkspace ranked_;
  WeightedWorkspace weighted_;
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_LAYOUT_CHOICE_H_
