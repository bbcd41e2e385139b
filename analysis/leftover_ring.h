// Rings that capturing processes left behind: finding them, telling whether
// their process still runs, and turning what they hold into blocks.
#ifndef MOETAP_ANALYSIS_LEFTOVER_RING_H_
#define MOETAP_ANALYSIS_LEFTOVER_RING_H_

#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "analysis/capture.h"
#include "schema/ring_reader.h"

namespace moetap {

struct LeftoverRing {
  std::filesystem::path path;
  RingInfo info;
};

// Rings in `directory` (a capture directory) and those in the shared-memory
// directory of user `owner` that belong to a file of `directory` or to one of
// `uuids`.  Files that are no rings are passed over.  By path.
std::vector<LeftoverRing> FindRings(const std::filesystem::path& directory,
                                    uid_t owner,
                                    const std::vector<Uuid>& uuids);

// Whether the process that writes to this ring still runs.  A process of
// another PID namespace counts as running while anything in that namespace
// does.
bool WriterAlive(const RingInfo& info);

// The records of `ring` at positions >= `from`, as blocks with from_ring set,
// numbered from `sequence`.  What cannot be read is added to `*skipped`, with
// ring positions for offsets.  If there are none but the process lost rows, an
// empty block says how many.  Throws Error if the ring cannot be read.
std::vector<CaptureBlock> DrainRing(const LeftoverRing& ring, uint64_t from,
                                    uint64_t sequence,
                                    std::vector<SkippedRegion>* skipped);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_LEFTOVER_RING_H_
