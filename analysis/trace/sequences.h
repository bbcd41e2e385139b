// The requests of an engine as sequences of tokens, and what their clients
// got of them.
#ifndef MOETAP_ANALYSIS_TRACE_SEQUENCES_H_
#define MOETAP_ANALYSIS_TRACE_SEQUENCES_H_

#include <vector>

#include "analysis/capture.h"
#include "analysis/trace.h"
#include "analysis/trace/engines.h"

namespace moetap {

// Whether tokens are ids rather than prefix hashes.  Throws Error if a capture
// mixes the two.
bool HasTokenIds(const std::vector<Engine>& engines);

// Adds the sequences of `engine` to `trace` with tokens and empty positions,
// in order of first step; fills Rank::sequence_of.  A request that several
// ranks report is one sequence.
void AddSequences(Engine* engine, Trace* trace);

// Adds what front ends reported of each request, and marks the positions whose
// input token was never returned.
void AddDeliveries(const Capture& capture, Trace* trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_SEQUENCES_H_
