#include "tests/tools/trace_json.h"

#include <cstdint>
#include <string>
#include <utility>

namespace moetap {
namespace {

// `index`: of the position.
Position ReadRow(const Json& json, size_t index, Trace* trace) {
  Position position;
  if (json.is_null()) {
    position.reason = MissingReason::kNotExecuted;
    return position;
  }
  if (json.is_number()) {
    position.from = json.get<uint32_t>();
    const auto& owned = trace->sequences[position.from].positions;
    position.row = owned[index].row;
    position.source = Source::kInherited;
    return position;
  }
  position.row = static_cast<uint32_t>(trace->rows());
  position.source = Source::kObserved;
  for (const Json& set : json) {
    for (const Json& id : set) {
      trace->ids.push_back(static_cast<uint16_t>(id.get<int>()));
    }
  }
  return position;
}

void ReadProvenance(const Json& json, Position* position) {
  const std::string source = json.at("source");
  for (const Source one :
       {Source::kObserved, Source::kInherited, Source::kMissing}) {
    if (source == SourceName(one)) position->source = one;
  }
  const std::string reason = json.at("reason");
  for (int code = 0; code <= static_cast<int>(MissingReason::kNoIdentity);
       ++code) {
    const auto one = static_cast<MissingReason>(code);
    if (reason == MissingReasonName(one)) position->reason = one;
  }
  position->from =
      json.at("from").is_null() ? kNone : json.at("from").get<uint32_t>();
  position->executions = json.at("executions");
  position->unreturned = json.at("unreturned");
}

void ReadStory(const Json& json, Sequence* sequence) {
  sequence->external_id = json.value("external_id", "");
  sequence->strategy = json.value("strategy", "");
  sequence->prompt = json.value("client_prompt", "");
  sequence->category = json.value("category", "");
  sequence->group = json.value("template", "");
  sequence->ambiguous = json.value("ambiguous", false);
  sequence->finish_reason = json.value("finish_reason", "");
  sequence->preemptions = json.value("preemptions", 0u);
  sequence->returned_tokens = json.value("returned_tokens", kNone);
  if (!json.contains("provenance")) return;
  for (size_t p = 0; p < sequence->positions.size(); ++p) {
    ReadProvenance(json.at("provenance").at(p), &sequence->positions[p]);
  }
}

Trace ReadTrace(const Json& json) {
  Trace trace;
  trace.model = "synthetic";
  trace.has_token_ids = json.at("has_token_ids");
  for (const Json& layer : json.at("layers")) {
    trace.layers.push_back({layer.at("number"), layer.at("experts"),
                            layer.at("k"), trace.row_ids});
    trace.row_ids += trace.layers.back().k;
  }
  for (const Json& one : json.at("sequences")) {
    Sequence sequence;
    sequence.id = one.at("id");
    sequence.prompt_tokens = one.at("prompt_tokens");
    sequence.tokens = one.at("tokens").get<std::vector<uint64_t>>();
    for (const Json& row : one.at("rows")) {
      sequence.positions.push_back(
          ReadRow(row, sequence.positions.size(), &trace));
    }
    ReadStory(one, &sequence);
    trace.sequences.push_back(std::move(sequence));
  }
  return trace;
}

}  // namespace

std::vector<Trace> ReadTraces(const Json& json) {
  std::vector<Trace> traces;
  if (json.is_array()) {
    for (const Json& one : json) traces.push_back(ReadTrace(one));
  } else {
    traces.push_back(ReadTrace(json));
  }
  return traces;
}

}  // namespace moetap
