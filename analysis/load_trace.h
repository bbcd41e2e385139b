// What the verbs that look at a capture start from.
#ifndef MOETAP_ANALYSIS_LOAD_TRACE_H_
#define MOETAP_ANALYSIS_LOAD_TRACE_H_

#include <optional>
#include <string>

#include "analysis/capture.h"
#include "analysis/error.h"
#include "analysis/trace.h"

namespace moetap {

// A trace, or why there is none.
struct TraceOrError {
  std::optional<Trace> trace;
  std::string error;

  const Trace* get() const { return trace ? &*trace : nullptr; }
};

inline TraceOrError TryBuildTrace(const Capture& capture) {
  try {
    return {BuildTrace(capture), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_LOAD_TRACE_H_
