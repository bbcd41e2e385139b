// Chooses, among all executions of a position, the one the studies read.
#ifndef MOETAP_ANALYSIS_TRACE_EFFECTIVE_ROWS_H_
#define MOETAP_ANALYSIS_TRACE_EFFECTIVE_ROWS_H_

#include <cstdint>
#include <vector>

#include "analysis/trace.h"
#include "analysis/trace/engines.h"

namespace moetap {

// Copies the ids of row `row` of `step`'s batch into `out` (trace.row_ids
// elements), each set ascending, kNoRoute where nothing was captured.
// Returns how many of the trace's layers were.
uint32_t ReadRow(const Rank& rank, const StepLog& step, uint32_t row,
                 const Trace& trace, uint16_t* out);

// Fills positions, rows and the statistics.  `trace` has its layers and the
// sequences of all `engines`.
void AddEffectiveRows(const std::vector<Engine>& engines, Trace* trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_EFFECTIVE_ROWS_H_
