#include "analysis/studies/diversity.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/studies/cut_results.h"
#include "analysis/studies/cut_search.h"
#include "analysis/studies/ensembles.h"
#include "analysis/studies/joined_results.h"
#include "analysis/studies/prompt_results.h"
#include "analysis/studies/same_layers.h"
#include "analysis/studies/strategy_results.h"

namespace moetap {
namespace {

const std::vector<double> kEqualTokens = {1, 2, 4, 8, 16, 32, 64};
const std::vector<double> kMeanJaccard = {0.3, 0.4,  0.5, 0.6,  0.7,  0.75,
                                          0.8, 0.85, 0.9, 0.95, 0.99, 1};

void AddUnits(std::span<const Ensemble> ensembles, StudyDocument* document) {
  std::set<uint32_t> prompts;
  std::set<std::string> strategies;
  uint64_t requests = 0;
  uint64_t codes = 0;
  uint64_t compiled = 0;
  uint64_t groups = 0;
  for (const Ensemble& ensemble : ensembles) {
    prompts.insert(ensemble.prompt);
    strategies.insert(ensemble.strategy);
    requests += ensemble.requests.size();
    codes += ensemble.codes();
    for (const uint64_t size : ensemble.Abundances()) {
      compiled += size;
      ++groups;
    }
  }
  document->units = {{"prompts", prompts.size()},
                     {"strategies", strategies.size()},
                     {"searches", ensembles.size()},
                     {"requests", requests},
                     {"codes", codes},
                     {"compiled_codes", compiled},
                     {"groups", groups}};
}

// The rules of one search at a time, in the order of CutData::rules.
class CutAsker {
 public:
  explicit CutAsker(const AskPrefixes& ask_prefixes)
      : ask_prefixes_(ask_prefixes) {
    data_.rules = {{"tokens", kEqualTokens, {}}, {"rows", kMeanJaccard, {}}};
    if (ask_prefixes_) data_.rules.push_back({"assembly", {1}, {}});
  }

  void Add(const Trace& trace, const Ensemble& ensemble) {
    CutSearch search = BuildCutSearch(trace, ensemble);
    data_.rules[0].asked.push_back(AskTokens(trace, search));
    data_.rules[1].asked.push_back(AskRows(trace, search));
    if (ask_prefixes_) {
      PrefixQuestions prefixes = ask_prefixes_(trace, ensemble, search);
      data_.rules[2].asked.push_back(std::move(prefixes.asked));
      compiled_ += prefixes.compiled;
      unasked_ += prefixes.unasked;
    }
    data_.trees.push_back(std::move(search.tree));
    data_.prompts.push_back(ensemble.prompt);
  }

  const CutData& data() const { return data_; }
  uint64_t compiled() const { return compiled_; }
  uint64_t unasked() const { return unasked_; }

 private:
  const AskPrefixes& ask_prefixes_;
  CutData data_;
  uint64_t compiled_ = 0;
  uint64_t unasked_ = 0;
};

void Append(std::vector<StudyResult> results, StudyDocument* document) {
  std::move(results.begin(), results.end(),
            std::back_inserter(document->results));
}

// A beam search drops branches by itself.
void AddCuts(std::span<const Trace> traces, std::span<const Ensemble> ensembles,
             size_t prompts, const AskPrefixes& ask_prefixes,
             const DiversityOptions& options, StudyDocument* document) {
  CutAsker asker(ask_prefixes);
  for (const Ensemble& ensemble : ensembles) {
    if (ensemble.strategy == "beam") continue;
    asker.Add(traces[ensemble.trace], ensemble);
  }
  document->units.emplace_back("cut_searches", asker.data().trees.size());
  document->units.emplace_back("cut_prefixes", asker.compiled());
  document->units.emplace_back("cut_unasked_prefixes", asker.unasked());
  document->Warn(asker.unasked() > 0, "few-prefixes");
  Append(CutResults(asker.data(), prompts, options.most_lost, options.seed),
         document);
}

StudyDocument Begin(std::span<const Trace> traces,
                    const DiversityOptions& options,
                    std::vector<StudyInput> inputs) {
  for (const Trace& trace : traces) RequireSameLayers(traces.front(), trace);
  StudyDocument document;
  document.study = "diversity";
  document.definitions = {"row@1",           "fork-tree@2",
                          "pruned@1",        "code@1",
                          "code-sample@1",   "assembly-equivalence@1",
                          "jaccard@1",       "random@1",
                          "computed-path@1", "outcome@1",
                          "effort@1",        "richness@1",
                          "cuts@1",          "cuts.chosen@1",
                          "joined@1",        "interval.prompts@1"};
  document.options = {{"most_lost", options.most_lost}};
  document.seed = options.seed;
  document.inputs = std::move(inputs);
  return document;
}

}  // namespace

StudyDocument RunDiversity(std::span<const Trace> traces,
                           const CodeSamples& samples,
                           const AskPrefixes& ask_prefixes,
                           const DiversityOptions& options,
                           std::vector<StudyInput> inputs) {
  StudyDocument document = Begin(traces, options, std::move(inputs));
  const std::vector<Ensemble> ensembles = FindEnsembles(traces, samples);
  const size_t prompts = samples.prompts.size();
  AddUnits(ensembles, &document);
  document.WarnOfLosses();
  if (document.unit("compiled_codes") == 0) {
    document.status = StudyStatus::kNotComputable;
    document.reason = "no-codes";
    return document;
  }
  document.Warn(document.unit("strategies") < 2, "one-strategy");
  Append(StrategyResults(ensembles, prompts), &document);
  AddCuts(traces, ensembles, prompts, ask_prefixes, options, &document);
  AddJoined(traces, ensembles, prompts, &document);
  if (document.unit("prompts") < kPromptsForInterval) {
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-prompts";
  }
  return document;
}

}  // namespace moetap
