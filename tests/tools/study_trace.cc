// Runs one study on a trace given as JSON, for tests that compare it with an
// independent computation: study_trace STUDY [THREADS [OPTION...]].  STUDY is
// locality (options: PAIRS ALIGNMENT[:equivalent] SEED BAND), tree, paths,
// sharing (BATCHES SEED [category]; with experts of 1000 bytes), diversity
// (MOST_LOST SEED; without the rule by assembly), or one of those that print
// other JSON than a study's document: token_classes (a list of names for each
// sequence), noise and batches (counts).
// compare takes a list of two traces (options: PHASE PERMUTATIONS SEED).
//
// Standard input: {"has_token_ids", "layers": [{"number", "experts", "k"}],
// "sequences": [{"id", "prompt_tokens", "tokens", "rows": [row or null]}]},
// a row being one list of ids per layer, -1 for no route, or the index of the
// earlier sequence that it is inherited from; "vocabulary", which
// token_classes and the alignment by assembly need, is the bytes of each token
// as hex digits.  A list of such traces is one study of several captures.  A
// sequence may also have "external_id", "strategy", "client_prompt",
// "category", "finish_reason", "preemptions", "returned_tokens" and
// "provenance": per position {"source", "from" (index of a sequence), "reason",
// "executions", "unreturned"}.  For diversity it has "client_prompt" and, if it
// is a sample, "group": a number, or null for a code that does not compile.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/studies/diversity.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/noise_floor.h"
#include "analysis/studies/sharing.h"
#include "analysis/studies/signatures/compare.h"
#include "analysis/studies/token_class.h"
#include "analysis/studies/tree_study.h"
#include "analysis/trace/beam_search.h"

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

std::string FromHex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(
        static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Vocabulary ReadVocabulary(const Json& input) {
  std::vector<std::string> words;
  for (const Json& digits : input.value("vocabulary", Json::array())) {
    words.push_back(FromHex(digits));
  }
  return Vocabulary(std::move(words));
}

Json TokenClasses(const Json& input, const Trace& trace) {
  const Vocabulary vocabulary = ReadVocabulary(input);
  Json result = Json::array();
  for (const Sequence& sequence : trace.sequences) {
    Json names = Json::array();
    for (const TokenClass one : ClassifyTokens(sequence.tokens, vocabulary)) {
      names.push_back(TokenClassName(one));
    }
    result.push_back(std::move(names));
  }
  return result;
}

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json Noise(const std::vector<Trace>& traces) {
  NoiseFloor noise;
  for (const Trace& trace : traces) {
    noise.Merge(CountNoise(trace, BuildForest(trace)));
  }
  Json means = Json::array();
  for (const auto& layer : noise.total) {
    means.push_back(OrNull(MeanJaccard({&layer, 1})));
  }
  return {{"total", noise.total},
          {"trees", noise.trees},
          {"paths", noise.paths},
          {"pairs", noise.pairs},
          {"unusable_sets", noise.unusable_sets},
          {"means", means},
          {"mean", OrNull(MeanJaccard(noise.total))}};
}

// [kind][size][layer]: batches by number of distinct experts.
Json BatchCounts(const std::vector<Trace>& traces,
                 const SharingOptions& options) {
  SharingCounts counts;
  for (const Trace& trace : traces) counts.Merge(CountSharing(trace, options));
  Json kinds = Json::array();
  for (const auto& sizes : counts.batches) {
    Json of_kind = Json::array();
    for (const auto& layers : sizes) {
      Json of_size = Json::array();
      for (const LayerBatches& layer : layers) {
        of_size.push_back(
            {{"distinct", layer.distinct}, {"unusable", layer.unusable}});
      }
      of_kind.push_back(std::move(of_size));
    }
    kinds.push_back(std::move(of_kind));
  }
  return kinds;
}

// `alignment`: a name, and perhaps ":equivalent".
StudyDocument Locality(const Json& input, const std::vector<Trace>& traces,
                       const std::string& alignment, LocalityOptions options) {
  options.alignment = alignment.substr(0, alignment.find(':'));
  options.equivalent = alignment.ends_with(":equivalent");
  std::optional<LeafCodes> codes;
  if (options.alignment == "assembly" || options.equivalent) {
    codes.emplace(traces, ReadVocabulary(input), ExtractRule::kAuto);
    codes->Compile(CompilerOptions(), {});
    options.codes = &*codes;
  }
  return RunLocality(PlanLocality(traces, options), {});
}

CodeSamples ReadSamples(const Json& input) {
  const Json traces = input.is_array() ? input : Json::array({input});
  CodeSamples samples;
  std::map<std::string, uint32_t> prompts;
  for (uint32_t t = 0; t < traces.size(); ++t) {
    const Json& sequences = traces[t].at("sequences");
    for (uint32_t s = 0; s < sequences.size(); ++s) {
      if (!sequences[s].contains("group")) continue;
      CodeSample sample;
      sample.trace = t;
      sample.sequence = s;
      const auto [prompt, added] = prompts.emplace(
          sequences[s].at("client_prompt"), samples.prompts.size());
      if (added) samples.prompts.push_back({prompt->first, {}, 0});
      sample.prompt = prompt->second;
      const Json& group = sequences[s].at("group");
      if (!group.is_null()) sample.group = group;
      samples.samples.push_back(std::move(sample));
    }
  }
  return samples;
}

// `options`: PHASE PERMUTATIONS SEED.
StudyDocument Compare(const std::vector<Trace>& traces, unsigned threads,
                      const std::vector<std::string>& options) {
  CompareOptions compare;
  compare.threads = threads;
  for (const Phase phase : {Phase::kPrompt, Phase::kGenerated, Phase::kBoth}) {
    if (options.at(0) == PhaseName(phase)) compare.phase = phase;
  }
  compare.permutations = static_cast<uint32_t>(std::stoul(options.at(1)));
  compare.seed = std::stoull(options.at(2));
  return RunCompare(traces.at(0), traces.at(1), compare, {});
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
  std::string alignment = options.alignment;
  if (argc > 2) options.threads = static_cast<unsigned>(std::atoi(argv[2]));
  DiversityOptions diversity;
  SharingOptions sharing;
  sharing.threads = options.threads;
  if (study == "locality") {
    if (argc > 3 && !ParsePairing(argv[3], &options)) return 2;
    if (argc > 4) alignment = argv[4];
    if (argc > 5) options.seed = std::stoull(argv[5]);
    if (argc > 6) options.band = ParseBand(argv[6]);
  } else if (study == "diversity") {
    if (argc > 3) diversity.most_lost = std::stod(argv[3]);
    if (argc > 4) diversity.seed = std::stoull(argv[4]);
  } else if (study != "compare") {
    if (argc > 3) sharing.batches = std::stoull(argv[3]);
    if (argc > 4) sharing.seed = std::stoull(argv[4]);
    if (argc > 5) sharing.by_category = argv[5] == std::string("category");
  }
  const Json input = Json::parse(std::cin);
  std::vector<Trace> traces;
  if (input.is_array()) {
    for (const Json& one : input) traces.push_back(ReadTrace(one));
  } else {
    traces.push_back(ReadTrace(input));
  }
  StudyDocument document;
  if (study == "locality") {
    document = Locality(input, traces, alignment, options);
  } else if (study == "tree") {
    return PrintTree(traces);
  } else if (study == "sharing") {
    document = RunSharing(traces, {}, 1000, sharing, {});
  } else if (study == "diversity") {
    document = RunDiversity(traces, ReadSamples(input), {}, diversity, {});
  } else if (study == "compare") {
    document = Compare(traces, options.threads, {argv + 3, argv + argc});
  } else if (study == "batches") {
    std::cout << BatchCounts(traces, sharing).dump() << '\n';
    return 0;
  } else if (study == "noise") {
    std::cout << Noise(traces).dump() << '\n';
    return 0;
  } else if (study == "token_classes") {
    std::cout << TokenClasses(input, traces.front()).dump() << '\n';
    return 0;
  } else {
    std::fprintf(stderr,
                 "study_trace locality|tree|sharing|diversity|compare|batches|"
                 "noise|token_classes [THREADS [OPTION...]]\n");
    return 2;
  }
  std::cout << ToJson(document).dump(1) << '\n';
  return ExitStatus(document);
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
