// Expert ids of any width and stride as the 16 bits that the ring holds.
#ifndef MOETAP_PLUGIN_NARROW_H_
#define MOETAP_PLUGIN_NARROW_H_

#include <cstdint>

#include "hooks/event_sink.h"

namespace moetap {

// True for the id widths that NarrowIds reads: 2, 4 and 8 bytes.
bool CanNarrow(const RoutingEvent& event);

// Writes the ids of rows first_row .. first_row+rows-1, row after row.  An id
// below 0 or above 65534 becomes kNoRoute.  Many ids may be written with weakly
// ordered stores; they are fenced, so that a release store of the caller is
// seen after them like after any others.
void NarrowIds(const RoutingEvent& event, uint32_t first_row, uint32_t rows,
               uint16_t* out);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_NARROW_H_
