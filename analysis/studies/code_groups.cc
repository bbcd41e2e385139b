#include "analysis/studies/code_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "analysis/code/assembly_numbers.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/root_prompts.h"

namespace moetap {
namespace {

class SampleFinder {
 public:
  SampleFinder(const Vocabulary& vocabulary, ExtractRule rule)
      : vocabulary_(vocabulary), rule_(rule) {}

  void Add(const Trace& trace) {
    const Forest forest = BuildForest(trace);
    const RootPrompts roots = FindRootPrompts(trace, forest);
    for (uint32_t s = 0; s < trace.sequences.size(); ++s) {
      const Sequence& sequence = trace.sequences[s];
      if (roots.trees[s] == kNone || !IsSample(sequence)) continue;
      CodeSample sample;
      sample.trace = traces_;
      sample.sequence = s;
      sample.prompt = PromptOf(sequence, trees_ + roots.trees[s]);
      Extract(sequence, roots.tokens[s], &sample);
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

constexpr size_t kCodesAtOnce = 1024;

// Gives samples that come prompt by prompt their groups.
class Grouper {
 public:
  explicit Grouper(CodeSamples* samples) : samples_(*samples) {}

  void Add(uint32_t s, Compiled compiled) {
    CodeSample& sample = samples_.samples[s];
    if (sample.prompt != prompt_) numbers_ = {};
    prompt_ = sample.prompt;
    sample.status = compiled.status;
    sample.message = std::move(compiled.message);
    sample.group = numbers_.Of(compiled);
    samples_.prompts[prompt_].groups = numbers_.count();
  }

 private:
  CodeSamples& samples_;
  uint32_t prompt_ = kNone;
  AssemblyNumbers numbers_;
};

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
  std::vector<uint32_t> order;
  for (CodePrompt& prompt : samples->prompts) {
    prompt.groups = 0;
    for (const uint32_t s : prompt.samples) {
      if (samples->samples[s].has_code) order.push_back(s);
    }
  }
  Grouper grouper(samples);
  for (size_t first = 0; first < order.size(); first += kCodesAtOnce) {
    const size_t end = std::min(order.size(), first + kCodesAtOnce);
    std::vector<std::string_view> codes;
    for (size_t i = first; i < end; ++i) {
      codes.push_back(samples->samples[order[i]].code.text);
    }
    std::vector<Compiled> compiled = compiler.Compile(codes, progress);
    for (size_t i = first; i < end; ++i) {
      grouper.Add(order[i], std::move(compiled[i - first]));
    }
  }
}

}  // namespace moetap
