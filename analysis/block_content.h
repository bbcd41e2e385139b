// What a verified FlatBuffer can still get wrong: numbers that contradict each
// other.  A block that passes can be read without further bounds checks.
#ifndef MOETAP_ANALYSIS_BLOCK_CONTENT_H_
#define MOETAP_ANALYSIS_BLOCK_CONTENT_H_

#include <cstdint>

#include "schema/routing_log_generated.h"

namespace moetap {

// No sequence is longer; a block that names a later position is refused.
inline constexpr uint32_t kMaxPosition = uint32_t{1} << 24;
// No batch has more rows.
inline constexpr uint32_t kMaxBatchRows = uint32_t{1} << 20;

// Null if `block` is consistent, else a short lower-case phrase saying what
// is not: groups and their ids agree, layer lists name slots below
// kMaxLayerSlots, positions and rows are within the bounds above.
const char* FindContradiction(const log::Block& block);

// Ids that `group` holds per row: layers of its list times k.
uint64_t IdsPerRow(const log::Block& block, const log::Group& group);

// Token-layers of a consistent block.
uint64_t RowsOf(const log::Block& block);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_BLOCK_CONTENT_H_
