// Runs one study on a trace given as JSON, for tests that compare it with an
// independent computation: study_trace STUDY [THREADS [OPTION...]].  STUDY is
// locality (options: PAIRS ALIGNMENT[:equivalent] SEED BAND), tree, paths,
// sharing (BATCHES SEED [category]; with experts of 1000 bytes), diversity
// (MOST_LOST SEED; without the rule by assembly), signatures (PHASE SEED
// PERMUTATIONS REFITS UNITS), compare (two traces; PHASE PERMUTATIONS SEED), or
// one of those that print
// other JSON than a study's document: token_classes (a list of names for each
// sequence), noise and batches (counts).
//
// Standard input: a trace (trace_json.h), or a list of them, which is one study
// of several captures.  "vocabulary", which token_classes and the alignment by
// assembly need, is the bytes of each token as hex digits.  For diversity a
// sequence has "client_prompt" and, if it is a sample, "group": a number, or
// null for a code that does not compile.
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
#include "analysis/studies/signatures/signatures.h"
#include "analysis/studies/token_class.h"
#include "analysis/studies/tree_study.h"
#include "analysis/trace/beam_search.h"
#include "tests/tools/trace_json.h"

namespace moetap {
namespace {

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

int PrintSignatures(int argc, char** argv) {
  SignatureOptions options;
  options.threads = static_cast<unsigned>(std::atoi(argv[2]));
  for (const Phase phase : {Phase::kPrompt, Phase::kGenerated, Phase::kBoth}) {
    if (argc > 3 && argv[3] == std::string(PhaseName(phase))) {
      options.phase = phase;
    }
  }
  const auto number = [&](int place, uint32_t otherwise) {
    return argc > place ? static_cast<uint32_t>(std::atoi(argv[place]))
                        : otherwise;
  };
  options.seed = number(4, 1);
  options.permutations = number(5, 199);
  options.refits = number(6, 20);
  options.most_units = number(7, options.most_units);
  const std::vector<Trace> traces = ReadTraces(Json::parse(std::cin));
  const StudyDocument document = RunSignatures(traces, options, {});
  std::cout << ToJson(document).dump(1) << '\n';
  return ExitStatus(document);
}

int Main(int argc, char** argv) {
  const std::string study = argc > 1 ? argv[1] : "";
  if (study == "signatures" && argc > 2) return PrintSignatures(argc, argv);
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
  std::vector<Trace> traces = ReadTraces(input);
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
    std::fprintf(
        stderr,
        "study_trace locality|tree|sharing|diversity|signatures|compare|"
        "batches|noise|token_classes [THREADS [OPTION...]]\n");
    return 2;
  }
  std::cout << ToJson(document).dump(1) << '\n';
  return ExitStatus(document);
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
