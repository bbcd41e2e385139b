// The layout RankedDifferences: each row may name an earlier row that it takes
// its sets from; ids that are new stand as popularity ranks.  The byte layout
// is in docs/log_format.md.
//
// Nothing here throws or allocates.  Not thread-safe on one workspace.
#ifndef MOETAP_SCHEMA_RANKED_SETS_H_
#define MOETAP_SCHEMA_RANKED_SETS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_codec.h"
#include "schema/rank_model.h"
#include "schema/ranked_tile.h"
#include "schema/ring_format.h"
#include "schema/row_finder.h"
#include "schema/set_groups.h"

namespace moetap {

// First bytes of Block.ids.
struct RankedHeader {
  uint32_t symbols = 0;     // ids are below; with two bytes each the last one
                            // is "no route"
  uint32_t references = 0;  // 1: rows name earlier rows, 0: none does
  uint32_t flags = 0;       // sets of rows that name one: a bit each
  uint32_t masks = 0;       // of these, sets that differ: a mask each
  uint32_t whole = 0;       // sets with nothing kept: k ranks each
  uint32_t single = 0;      // ranks of sets with something kept
};
static_assert(sizeof(RankedHeader) == 24);

// Working memory of both directions, about 10 MiB; most pages stay untouched.
struct RankedWorkspace {
  RankModel model;
  RowFinder finder;
  LayerNumbers dense;  // as `model` numbers layers
  uint32_t row_offset[kMaxBlockIds];
  uint32_t row_class[kMaxBlockIds];
  uint16_t reference[kMaxBlockIds];
  uint8_t flag[kMaxBlockIds / 8 + 1];
  uint8_t mask[kMaxBlockIds];
  uint16_t whole[kMaxBlockIds];
  uint16_t single[kMaxBlockIds];
  alignas(64) uint16_t tile[RankedTile<uint16_t>::kMaxIds];
  uint32_t mark[kMaxLayerSlots];  // of layers in the list looked at last
};

// Writes the sets to `out` and returns the bytes written; 0: they do not fit
// `out`, or the layout cannot hold them (groups differ in k, more layers times
// experts than RankModel::kMaxEntries).  `references` false leaves out the
// search for earlier rows.
size_t EncodeRankedSets(SetGroups groups, const uint16_t* sets, int id_bytes,
                        bool references, RankedWorkspace* work,
                        std::span<uint8_t> out);

// The inverse, for any bytes: false if `in` is not what these groups need.
// `sets` has room for all ids of the groups, at most kMaxBlockIds; only ids
// that fit id_bytes are written, each set ascending.
bool DecodeRankedSets(SetGroups groups, Bytes in, int id_bytes,
                      RankedWorkspace* work, uint16_t* sets);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RANKED_SETS_H_
