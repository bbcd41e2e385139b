#include "schema/layout_choice.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace moetap {
namespace {

// SIZE_MAX if zstd refuses.
size_t PackedSize(const Measure& measure, Bytes bytes) {
  const size_t size = ZSTD_compressCCtx(measure.context, measure.scratch.data(),
                                        measure.scratch.size(), bytes.data(),
                                        bytes.size(), measure.level);
  return ZSTD_isError(size) ? SIZE_MAX : size;
}

}  // namespace

// An arrangement that is much larger than the plain one, or does not fit these
// groups, has no bytes.
ArrangedIds LayoutChoice::ArrangeAs(Way way, SetGroups groups,
                                    std::span<const uint16_t> ids,
                                    int id_bytes) {
  const size_t plain = ids.size() * static_cast<size_t>(id_bytes);
  const std::span<uint8_t> out(out_[way], plain + kArrangedMore);
  if (way == kWeighted) {
    const size_t size = EncodeWeightedSets(groups, ids.data(), &weighted_, out);
    return {log::Layout::WeightedSets, out.first(size)};
  }
  if (way != kSorted) {
    const size_t size = EncodeRankedSets(groups, ids.data(), id_bytes,
                                         way == kReferenced, &ranked_, out);
    return {log::Layout::RankedDifferences, out.first(size)};
  }
  if (id_bytes == 2) {
    std::memcpy(out_[way], ids.data(), plain);
  } else {
    std::copy(ids.begin(), ids.end(), out_[way]);
  }
  return {log::Layout::SortedTokenMajor, Bytes(out_[way], plain)};
}

ArrangedIds LayoutChoice::Arrange(SetGroups groups,
                                  std::span<const uint16_t> ids, int id_bytes,
                                  const Measure& measure) {
  if (measure.context == nullptr) {
    return ArrangeAs(kSorted, groups, ids, id_bytes);
  }
  since_trial_ += ids.size();
  if (tried_ && !measure.every_block &&
      since_trial_ < kTrialEvery * ids.size()) {
    const ArrangedIds arranged = ArrangeAs(way_, groups, ids, id_bytes);
    return arranged.bytes.empty() ? ArrangeAs(kSorted, groups, ids, id_bytes)
                                  : arranged;
  }
  tried_ = true;
  since_trial_ = 0;
  // Ways come cheapest first; a dearer one must pay for its time.
  const auto margin = [&](size_t size) {
    return measure.every_block ? 0 : size / 256;
  };
  ArrangedIds best;
  size_t least = SIZE_MAX;
  for (const Way way : {kSorted, kRanked, kWeighted, kReferenced}) {
    const ArrangedIds arranged = ArrangeAs(way, groups, ids, id_bytes);
    if (arranged.bytes.empty()) continue;
    const size_t size = PackedSize(measure, arranged.bytes);
    if (!best.bytes.empty() && size >= least - margin(least)) continue;
    least = size;
    best = arranged;
    way_ = way;
  }
  return best;
}

}  // namespace moetap
