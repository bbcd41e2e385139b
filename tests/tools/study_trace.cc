// Runs one study on a trace given as JSON, for tests that compare it with an
// independent computation: study_trace STUDY [THREADS [OPTION...]].  STUDY is
// locality (options: PAIRS ALIGNMENT SEED BAND), tree, paths, sharing (BATCHES
// SEED; with experts of 1000 bytes), or one of those that print other JSON than
// a study's document: token_classes (a list of names for each sequence), noise
// and batches (counts).
//
// Standard input: {"has_token_ids", "layers": [{"number", "experts", "k"}],
// "sequences": [{"id", "prompt_tokens", "tokens", "rows": [row or null]}]},
// a row being one list of ids per layer, -1 for no route, or the index of the
// earlier sequence that it is inherited from; "vocabulary", which
// token_classes needs, is the bytes of each token as hex digits.  A list of
// such traces is one study of several captures.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "analysis/studies/locality.h"
#include "analysis/studies/noise_floor.h"
#include "analysis/studies/sharing.h"
#include "analysis/studies/token_class.h"
#include "analysis/studies/tree_study.h"

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
    sequence.strategy = one.value("strategy", "");
    sequence.tokens = one.at("tokens").get<std::vector<uint64_t>>();
    for (const Json& row : one.at("rows")) {
      sequence.positions.push_back(
          ReadRow(row, sequence.positions.size(), &trace));
    }
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

int Main(int argc, char** argv) {
  const std::string study = argc > 1 ? argv[1] : "";
  LocalityOptions options;
  if (argc > 2) options.threads = static_cast<unsigned>(std::atoi(argv[2]));
  SharingOptions sharing;
  sharing.threads = options.threads;
  if (study == "locality") {
    if (argc > 3 && !ParsePairing(argv[3], &options)) return 2;
    if (argc > 4) options.alignment = argv[4];
    if (argc > 5) options.seed = std::stoull(argv[5]);
    if (argc > 6) options.band = ParseBand(argv[6]);
  } else {
    if (argc > 3) sharing.batches = std::stoull(argv[3]);
    if (argc > 4) sharing.seed = std::stoull(argv[4]);
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
    document = RunLocality(PlanLocality(traces, options), {});
  } else if (study == "tree") {
    document = RunTree(traces.front(), BuildForest(traces.front()), {});
  } else if (study == "paths") {
    std::cout << TreePaths(traces.front(), BuildForest(traces.front()));
    return 0;
  } else if (study == "sharing") {
    document = RunSharing(traces, {}, 1000, sharing, {});
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
                 "study_trace locality|tree|paths|sharing|batches|noise|"
                 "token_classes [THREADS [BATCHES [SEED]]]\n");
    return 2;
  }
  std::cout << ToJson(document).dump(1) << '\n';
  return ExitStatus(document);
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
