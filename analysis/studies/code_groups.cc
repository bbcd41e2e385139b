#include "analysis/studies/code_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "analysis/code/assembly_text.h"
#include "analysis/studies/fork_tree.h"

namespace moetap {
namespace {

// Of each sequence, its tree in the trace.
std::vector<uint32_t> TreeOfSequences(const Trace& trace,
                                      const Forest& forest) {
  std::vector<uint32_t> trees(trace.sequences.size(), kNone);
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      for (const uint32_t s : forest.nodes[n].ends) trees[s] = tree;
    }
  }
  return trees;
}

// Tokens of each tree's root prompt, which all its sequences begin with.
std::vector<uint32_t> RootTokens(const Trace& trace,
                                 const std::vector<uint32_t>& tree_of,
                                 size_t trees) {
  std::vector<uint32_t> tokens(trees, kNone);
  for (size_t s = 0; s < tree_of.size(); ++s) {
    if (tree_of[s] == kNone) continue;
    uint32_t& root = tokens[tree_of[s]];
    root = std::min(root, trace.sequences[s].prompt_tokens);
  }
  return tokens;
}

class SampleFinder {
 public:
  SampleFinder(const Vocabulary& vocabulary, ExtractRule rule)
      : vocabulary_(vocabulary), rule_(rule) {}

  void Add(const Trace& trace) {
    const Forest forest = BuildForest(trace);
    const auto tree_of = TreeOfSequences(trace, forest);
    const auto root_tokens = RootTokens(trace, tree_of, forest.roots.size());
    for (uint32_t s = 0; s < trace.sequences.size(); ++s) {
      const Sequence& sequence = trace.sequences[s];
      if (tree_of[s] == kNone || !IsSample(sequence)) continue;
      CodeSample sample;
      sample.trace = traces_;
      sample.sequence = s;
      sample.prompt = PromptOf(sequence, trees_ + tree_of[s]);
      Extract(sequence, root_tokens[tree_of[s]], &sample);
      const auto number = static_cast<uint32_t>(found_.samples.size());
      found_.prompts[sample.prompt].samples.push_back(number);
      found_.samples.push_back(std::move(sample));
    }
    trees_ += static_cast<uint32_t>(forest.roots.size());
    ++traces_;
  }

  CodeSamples Take() { return std::move(found_); }

 private:
  bool IsSample(const Sequence& sequence) {
    if (sequence.finish_reason == "stop") return true;
    if (sequence.finish_reason == "pruned") {
      ++found_.pruned;
    } else if (sequence.finish_reason == "length") {
      ++found_.cut_off;
    } else {
      ++found_.not_finished;
    }
    return false;
  }

  uint32_t PromptOf(const Sequence& sequence, uint32_t tree) {
    const bool named = !sequence.prompt.empty();
    const std::string name =
        named ? sequence.prompt : fmt::format("tree {}", tree);
    const auto place = prompts_.try_emplace(
        {named, name}, static_cast<uint32_t>(found_.prompts.size()));
    if (place.second) found_.prompts.push_back({name, {}, 0});
    return place.first->second;
  }

  void Extract(const Sequence& sequence, uint32_t root_tokens,
               CodeSample* sample) {
    const SequenceText text = TextOf(sequence, vocabulary_);
    if (!text.known) {
      ++found_.unknown_text;
      return;
    }
    // A branch's own prompt ends at its fork, which may be in its code.
    const size_t prompt_bytes = text.first[root_tokens];
    auto code = ExtractCode(text.bytes, prompt_bytes, rule_);
    if (!code) {
      ++found_.no_code;
      return;
    }
    sample->code = std::move(*code);
    sample->has_code = true;
  }

  const Vocabulary& vocabulary_;
  const ExtractRule rule_;
  CodeSamples found_;
  std::map<std::pair<bool, std::string>, uint32_t> prompts_;  // by name
  uint32_t traces_ = 0;
  uint32_t trees_ = 0;  // of the traces before
};

void Group(const std::vector<std::string>& assemblies, CodePrompt* prompt,
           std::vector<CodeSample>* samples) {
  std::unordered_map<std::string_view, uint32_t> groups;
  for (const uint32_t s : prompt->samples) {
    CodeSample& sample = (*samples)[s];
    sample.group = kNone;
    if (!sample.has_code || sample.status != CompileStatus::kCompiled) continue;
    const auto size = static_cast<uint32_t>(groups.size());
    sample.group = groups.try_emplace(assemblies[s], size).first->second;
  }
  prompt->groups = static_cast<uint32_t>(groups.size());
}

}  // namespace

CodeSamples FindCodeSamples(std::span<const Trace> traces,
                            const Vocabulary& vocabulary, ExtractRule rule) {
  SampleFinder finder(vocabulary, rule);
  for (const Trace& trace : traces) finder.Add(trace);
  return finder.Take();
}

void CompileSamples(const Compiler& compiler,
                    const std::function<void(uint64_t)>& progress,
                    CodeSamples* samples) {
  std::vector<std::string_view> codes;
  std::vector<uint32_t> sample_of;
  for (uint32_t s = 0; s < samples->samples.size(); ++s) {
    if (!samples->samples[s].has_code) continue;
    codes.push_back(samples->samples[s].code.text);
    sample_of.push_back(s);
  }
  std::vector<Compiled> compiled = compiler.Compile(codes, progress);
  samples->assemblies.assign(samples->samples.size(), "");
  for (size_t i = 0; i < compiled.size(); ++i) {
    CodeSample& sample = samples->samples[sample_of[i]];
    sample.status = compiled[i].status;
    sample.message = std::move(compiled[i].message);
    samples->assemblies[sample_of[i]] = NormalizeAssembly(compiled[i].assembly);
  }
  for (CodePrompt& prompt : samples->prompts) {
    Group(samples->assemblies, &prompt, &samples->samples);
  }
}

}  // namespace moetap
