// Traces given as JSON, for programs that tests compare with an independent
// computation.
//
// {"has_token_ids", "layers": [{"number", "experts", "k"}],
// "sequences": [{"id", "prompt_tokens", "tokens", "rows": [row or null]}]},
// a row being one list of ids per layer, -1 for no route, or the index of the
// earlier sequence that it is inherited from.  A sequence may also have
// "external_id", "strategy", "client_prompt", "category", "template",
// "ambiguous", "finish_reason", "preemptions", "returned_tokens" and
// "provenance": per position {"source", "from" (index of a sequence), "reason",
// "executions", "unreturned"}.
#ifndef MOETAP_TESTS_TOOLS_TRACE_JSON_H_
#define MOETAP_TESTS_TOOLS_TRACE_JSON_H_

#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/trace.h"

namespace moetap {

// Of one trace or a list of them.  Throws what the JSON library throws.
std::vector<Trace> ReadTraces(const Json& json);

}  // namespace moetap

#endif  // MOETAP_TESTS_TOOLS_TRACE_JSON_H_
