// Runs one study on a trace given as JSON, for tests that compare it with an
// independent computation: study_trace locality|tree [THREADS].
//
// Standard input: {"has_token_ids", "layers": [{"number", "experts", "k"}],
// "sequences": [{"id", "prompt_tokens", "tokens", "rows": [row or null]}]},
// a row being one list of ids per layer, -1 for no route.  A list of such
// traces is one study of several captures.  A sequence may also have
// "external_id", "strategy", "client_prompt", "finish_reason", "preemptions",
// "returned_tokens" and "provenance": per position {"source", "from" (index of
// a sequence), "reason", "executions", "unreturned"}.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "analysis/studies/locality.h"
#include "analysis/studies/tree_study.h"
#include "analysis/trace/beam_search.h"

namespace moetap {
namespace {

Position ReadRow(const Json& json, Trace* trace) {
  Position position;
  if (json.is_null()) {
    position.reason = MissingReason::kNotExecuted;
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
      sequence.positions.push_back(ReadRow(row, &trace));
    }
    ReadStory(one, &sequence);
    trace.sequences.push_back(std::move(sequence));
  }
  return trace;
}

int PrintTree(std::vector<Trace>& traces) {
  std::vector<Forest> forests;
  std::vector<TraceForest> all;
  for (Trace& trace : traces) {
    MarkPruned(&trace);
    forests.push_back(BuildForest(trace));
  }
  for (size_t t = 0; t < traces.size(); ++t) {
    all.push_back({&traces[t], &forests[t]});
  }
  TreeStudy study = RunTree(all, {});
  const int status = ExitStatus(study.document);
  std::cout << TreeJson(std::move(study)).dump(1) << '\n';
  return status;
}

int Main(int argc, char** argv) {
  const std::string study = argc > 1 ? argv[1] : "";
  LocalityOptions options;
  if (argc > 2) options.threads = static_cast<unsigned>(std::atoi(argv[2]));
  const Json input = Json::parse(std::cin);
  std::vector<Trace> traces;
  if (input.is_array()) {
    for (const Json& one : input) traces.push_back(ReadTrace(one));
  } else {
    traces.push_back(ReadTrace(input));
  }
  StudyDocument document;
  if (study == "locality") {
    document = RunLocality(PlanLocality(traces, options), {});
  } else if (study == "tree") {
    return PrintTree(traces);
  } else {
    std::fprintf(stderr, "study_trace locality|tree [THREADS]\n");
    return 2;
  }
  std::cout << ToJson(document).dump(1) << '\n';
  return ExitStatus(document);
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
