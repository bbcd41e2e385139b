// The layout WeightedSets: layer by layer, each set of distinct ids in as many
// bits as the popularity of its ids asks for.  The byte layout is in
// docs/log_format.md.
//
// Nothing here throws or allocates.  Not thread-safe on one workspace.
#ifndef MOETAP_SCHEMA_WEIGHTED_SETS_H_
#define MOETAP_SCHEMA_WEIGHTED_SETS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_codec.h"
#include "schema/range_coder.h"
#include "schema/set_groups.h"
#include "schema/weight_model.h"

namespace moetap {

// The i-th set of a layer is in stream i mod kStreams: four chains of
// dependent instructions at a time instead of one.
inline constexpr size_t kStreams = 4;

// First bytes of Block.ids.
struct WeightedHeader {
  uint32_t symbols = 0;           // ids are below
  uint32_t words[kStreams] = {};  // of each stream
};
static_assert(sizeof(WeightedHeader) == 20);

// Working memory of both directions, about 14 MiB; most pages stay untouched.
struct WeightedWorkspace {
  WeightModel model;
  LevelModel levels;
  LayerNumbers dense;
  uint32_t first[kMaxLayerSlots + 1];  // of each layer, in `offset`
  uint32_t offset[kMaxBlockIds];       // of each set, layer by layer
  uint32_t count[WeightModel::kMaxSymbols];
  uint8_t level[WeightModel::kMaxSymbols];
  // A word per symbol at most: levels are in the first stream, which also has
  // up to k ids per layer more than a fourth of them.
  uint32_t words[kStreams]
                [kMaxBlockIds / kStreams + 2 * WeightModel::kMaxLevels];
};

// Writes the sets to `out` and returns the bytes written; 0: they do not fit
// `out`, or the layout cannot hold them (groups differ in k, an id is there
// twice in a set, more than WeightModel can do).
size_t EncodeWeightedSets(SetGroups groups, const uint16_t* sets,
                          WeightedWorkspace* work, std::span<uint8_t> out);

// The inverse, for any bytes: false if `in` is not what these groups need.
// `sets` has room for all ids of the groups, at most kMaxBlockIds; only ids
// that fit id_bytes are written, each set ascending.
bool DecodeWeightedSets(SetGroups groups, Bytes in, int id_bytes,
                        WeightedWorkspace* work, uint16_t* sets);

// Fills work->first and work->offset for `layers` layers, numbered in
// work->dense.
void OrderByLayer(SetGroups groups, size_t layers, WeightedWorkspace* work);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_WEIGHTED_SETS_H_
