#include "analysis/trace.h"

#include "analysis/trace/effective_rows.h"
#include "analysis/trace/engines.h"
#include "analysis/trace/sequences.h"

namespace moetap {

const char* SourceName(Source source) {
  switch (source) {
    case Source::kObserved:
      return "observed";
    case Source::kInherited:
      return "inherited";
    case Source::kMissing:
      return "missing";
  }
  return "";
}

const char* MissingReasonName(MissingReason reason) {
  switch (reason) {
    case MissingReason::kNotMissing:
      return "";
    case MissingReason::kNotExecuted:
      return "not-executed";
    case MissingReason::kDropped:
      return "dropped";
    case MissingReason::kIncomplete:
      return "incomplete";
    case MissingReason::kExternal:
      return "external";
    case MissingReason::kUnknownOwner:
      return "unknown-owner";
    case MissingReason::kPrefixMismatch:
      return "prefix-mismatch";
    case MissingReason::kNoIdentity:
      return "no-identity";
  }
  return "";
}

Trace BuildTrace(const Capture& capture, uint64_t budget) {
  std::vector<Engine> engines = FindEngines(capture);
  Trace trace;
  trace.ids = SpillVector<uint16_t>(SpillAllocator<uint16_t>(budget));
  trace.model = engines.front().ranks.front().log.file->fact("model");
  trace.has_token_ids = HasTokenIds(engines);
  trace.layers = FindLayers(&engines);
  for (const MoeLayer& layer : trace.layers) trace.row_ids += layer.k;
  for (Engine& engine : engines) AddSequences(&engine, &trace);
  AddEffectiveRows(engines, &trace);
  AddDeliveries(capture, &trace);
  return trace;
}

}  // namespace moetap
