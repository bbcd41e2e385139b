// The figures of `moetap info`.
#ifndef MOETAP_ANALYSIS_CAPTURE_SUMMARY_H_
#define MOETAP_ANALYSIS_CAPTURE_SUMMARY_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "analysis/capture.h"
#include "analysis/load_trace.h"

namespace moetap {

// How many positions of a trace come from where.
struct Provenance {
  uint64_t observed = 0;
  uint64_t inherited = 0;
  uint64_t missing = 0;
  uint64_t unreturned = 0;
  uint64_t requests = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
};
Provenance CountProvenance(const Trace& trace);

// Sums over the files of a capture.
struct CaptureTotals {
  uint64_t bytes = 0;
  uint64_t raw_bytes = 0;  // of the blocks in files, ...
  uint64_t file_rows = 0;  // ... and token-layers of theirs
  uint64_t blocks = 0;
  uint64_t first_ns = 0;  // of the blocks, 0 = none
  uint64_t last_ns = 0;
  Counters counters;
  std::optional<CaptureCost> cost;  // of the files that tell it
  uint64_t missing_blocks = 0;
  uint64_t skipped_regions = 0;
  uint64_t rings = 0;
};
CaptureTotals CountTotals(const Capture& capture);

// Of one token-layer; 0 if there is none.
double PerRow(uint64_t nanoseconds, const CaptureCost& cost);

// Everything as one JSON object.
nlohmann::ordered_json SummaryJson(const Capture& capture,
                                   const TraceOrError& trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CAPTURE_SUMMARY_H_
