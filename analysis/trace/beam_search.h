// Beam searches: which beams were dropped.
#ifndef MOETAP_ANALYSIS_TRACE_BEAM_SEARCH_H_
#define MOETAP_ANALYSIS_TRACE_BEAM_SEARCH_H_

#include "analysis/trace.h"

namespace moetap {

// In a beam search every step of every beam is a request of its own, which
// generates one token at most.  A search is all such requests
//   - of one search by the server, whose ids are ID-R-beam-N with 16 random
//     hexadecimal digits R for each step, or of one prompt id with the strategy
//     "beam" (a client's search, known from its manifest), and
//   - whose prompts begin with one root prompt: the prompt of one of them that
//     begins with no other one's prompt.
// Sets the strategy of the first kind to "beam" where none is known, and the
// finish reason of dropped beams to "pruned".  A request is a dropped beam if
// it generated a token, no prompt of its search begins with its prompt and
// token, some prompt of its search is longer than its own (else its beam is a
// hypothesis of the last level), and its finish reason is "length" or unknown
// (one that ended with "stop" is a finished hypothesis).
//
// Needs the strategies and prompt ids, and all requests of each search.
// (definition pruned@1, ../../docs/studies.md)
void MarkPruned(Trace* trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_BEAM_SEARCH_H_
