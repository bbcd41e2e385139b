#include "analysis/studies/ensembles.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "analysis/studies/root_prompts.h"
#include "analysis/studies/token_paths.h"

namespace moetap {
namespace {

// What tells prompts of a trace apart: the client's id or, without one, the
// tree.
using PromptKey = std::pair<std::string, uint32_t>;

std::vector<PromptKey> PromptKeys(const Trace& trace) {
  const RootPrompts roots = FindRootPrompts(trace, BuildForest(trace));
  std::vector<PromptKey> keys;
  for (size_t s = 0; s < trace.sequences.size(); ++s) {
    const std::string& name = trace.sequences[s].prompt;
    keys.emplace_back(name, name.empty() ? roots.trees[s] : kNone);
  }
  return keys;
}

// Sets the tokens of each request and `sharers`.
void CountTokens(const Trace& trace, Ensemble* ensemble) {
  const ComputedPaths paths = FindComputed(trace, ensemble->forest);
  ensemble->sharers.assign(ensemble->requests.size() + 1, 0);
  std::map<uint32_t, uint64_t> tokens;
  for (size_t path = 0; path < paths.first.size(); ++path) {
    if (paths.first[path] == kNone) continue;
    ++tokens[paths.first[path]];
    ++ensemble->sharers[paths.sharers[path]];
  }
  for (EnsembleRequest& request : ensemble->requests) {
    const auto found = tokens.find(request.sequence);
    request.tokens = found == tokens.end() ? 0 : found->second;
  }
}

void SetOutcomes(std::vector<EnsembleRequest>* requests) {
  std::vector<uint32_t> seen;
  for (EnsembleRequest& request : *requests) {
    if (request.sample == kNone) continue;
    if (request.group == kNone) {
      request.outcome = Outcome::kNotCompiled;
      continue;
    }
    const bool again =
        std::find(seen.begin(), seen.end(), request.group) != seen.end();
    request.outcome = again ? Outcome::kDuplicate : Outcome::kNewGroup;
    if (!again) seen.push_back(request.group);
  }
}

// Samples by trace and sequence.
using SampleMap = std::map<std::pair<uint32_t, uint32_t>, uint32_t>;

// The ensembles of one trace, by prompt and strategy.
void AddEnsembles(const Trace& trace, uint32_t number,
                  const CodeSamples& samples, const SampleMap& sample_of,
                  std::vector<Ensemble>* ensembles) {
  const std::vector<PromptKey> keys = PromptKeys(trace);
  std::map<PromptKey, uint32_t> prompts;
  for (const CodeSample& sample : samples.samples) {
    if (sample.trace == number) prompts[keys[sample.sequence]] = sample.prompt;
  }
  std::map<std::pair<uint32_t, std::string>, Ensemble> found;
  for (uint32_t s = 0; s < keys.size(); ++s) {
    const auto prompt = prompts.find(keys[s]);
    if (prompt == prompts.end() || trace.sequences[s].tokens.empty()) continue;
    const std::string& strategy = trace.sequences[s].strategy;
    Ensemble& ensemble = found[{prompt->second, strategy}];
    EnsembleRequest request;
    request.sequence = s;
    const auto sample = sample_of.find({number, s});
    if (sample != sample_of.end()) {
      request.sample = sample->second;
      request.group = samples.samples[sample->second].group;
    }
    ensemble.requests.push_back(request);
  }
  for (auto& [key, ensemble] : found) {
    ensemble.trace = number;
    std::tie(ensemble.prompt, ensemble.strategy) = key;
    std::vector<uint32_t> sequences;
    for (const auto& request : ensemble.requests) {
      sequences.push_back(request.sequence);
    }
    ensemble.forest = BuildForest(trace, std::move(sequences));
    CountTokens(trace, &ensemble);
    SetOutcomes(&ensemble.requests);
    ensembles->push_back(std::move(ensemble));
  }
}

}  // namespace

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNewGroup:
      return "new_groups";
    case Outcome::kDuplicate:
      return "duplicates";
    case Outcome::kNotCompiled:
      return "not_compiled";
    case Outcome::kUnfinished:
      return "unfinished";
  }
  return "";
}

uint64_t Ensemble::tokens() const {
  return std::accumulate(sharers.begin(), sharers.end(), uint64_t{0});
}

uint64_t Ensemble::codes() const {
  return static_cast<uint64_t>(
      std::count_if(requests.begin(), requests.end(), [](const auto& request) {
        return request.outcome != Outcome::kUnfinished;
      }));
}

std::vector<uint64_t> Ensemble::Abundances() const {
  std::map<uint32_t, uint64_t> codes;
  for (const EnsembleRequest& request : requests) {
    if (request.group != kNone) ++codes[request.group];
  }
  std::vector<uint64_t> abundances;
  for (const auto& [group, count] : codes) abundances.push_back(count);
  return abundances;
}

ComputedPaths FindComputed(const Trace& trace, const Forest& forest) {
  const TokenPaths numbers(trace, forest);
  ComputedPaths paths;
  paths.first.assign(numbers.size(), kNone);
  paths.sharers.assign(numbers.size(), 0);
  paths.rows.assign(numbers.size(), kNone);
  numbers.ForEach([&](uint64_t path, uint32_t s, uint32_t p) {
    const Position& position = trace.sequences[s].positions[p];
    if (!IsComputed(position)) return;
    if (paths.rows[path] == kNone) paths.rows[path] = position.row;
    paths.first[path] = std::min(paths.first[path], s);
    ++paths.sharers[path];
  });
  return paths;
}

std::vector<Ensemble> FindEnsembles(std::span<const Trace> traces,
                                    const CodeSamples& samples) {
  SampleMap sample_of;
  for (uint32_t i = 0; i < samples.samples.size(); ++i) {
    const CodeSample& sample = samples.samples[i];
    sample_of[{sample.trace, sample.sequence}] = i;
  }
  std::vector<Ensemble> ensembles;
  for (uint32_t t = 0; t < traces.size(); ++t) {
    AddEnsembles(traces[t], t, samples, sample_of, &ensembles);
  }
  std::stable_sort(ensembles.begin(), ensembles.end(),
                   [](const Ensemble& a, const Ensemble& b) {
                     return std::tie(a.prompt, a.strategy) <
                            std::tie(b.prompt, b.strategy);
                   });
  return ensembles;
}

}  // namespace moetap
