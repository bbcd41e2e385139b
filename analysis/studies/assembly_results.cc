#include "analysis/studies/assembly_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>
#include <utility>

#include "analysis/studies/prompt_results.h"

namespace moetap {
namespace {

constexpr const char* kOtherModel =
    "another model: Qwen3.5-35B-A3B-FP8, 851 codes of a tree search";

// With the number of codes, lines or pairs that it is a share of.
StudyResult Share(std::string name, const PromptSums& prompts) {
  StudyResult result = PooledResult(std::move(name), prompts);
  result.pairs = 0;
  for (const RatioSum& prompt : prompts) *result.pairs += prompt.count;
  return result;
}

class Results {
 public:
  Results(std::span<const Trace> traces, const CodeSamples& samples,
          std::span<const PromptCodes> prompts)
      : traces_(traces), samples_(samples), prompts_(prompts) {}

  void AddAll() {
    AddShares("", "", [](const PromptCodes& prompt) { return prompt.groups; });
    Last("top3.share").published = Published{0.67, false, kOtherModel};
    results_.push_back(MeanResult(
        "groups.per_prompt",
        PromptsWithCodes([](const PromptCodes& p) { return p.sizes.size(); })));
    AddSizes();
    AddRemarks();
    AddLineClasses();
  }

  void AddStrategies() {
    std::set<std::string> strategies;
    for (const CodeSample& sample : samples_.samples) {
      strategies.insert(StrategyOf(sample));
    }
    for (const std::string& strategy : strategies) {
      AddShares("strategy", strategy, [&](const PromptCodes& prompt) {
        std::vector<uint32_t> groups;
        for (size_t i = 0; i < prompt.samples.size(); ++i) {
          const CodeSample& sample = samples_.samples[prompt.samples[i]];
          if (StrategyOf(sample) == strategy) groups.push_back(sample.group);
        }
        return groups;
      });
    }
  }

  // No intervals: a prompt is one unit.
  void AddPrompts() {
    for (size_t p = 0; p < prompts_.size(); ++p) {
      const auto add = [&](const char* name, const RatioSum& sum) {
        StudyResult result;
        result.name = name;
        result.estimate = Ratio(sum);
        result.pairs = sum.count;
        results_.push_back(
            Where(std::move(result), "prompt", samples_.prompts[p].name));
      };
      add("compiled.share", CompiledCodes(prompts_[p].groups));
      add("top1.share", TopCodes(prompts_[p].sizes, 1));
      add("top3.share", TopCodes(prompts_[p].sizes, 3));
      add("codes.compiled",
          {static_cast<double>(TopCodes(prompts_[p].sizes, 0).count), 1});
      add("groups.per_prompt", {static_cast<double>(prompts_[p].sizes.size()),
                                !prompts_[p].samples.empty()});
    }
  }

  void AddColumn(const AssemblyColumn& column) {
    AddShares("column", column.name, [&](const PromptCodes& prompt) {
      std::vector<uint32_t> groups;
      for (const uint32_t s : prompt.samples) {
        groups.push_back(column.groups[s]);
      }
      return groups;
    });
    PromptSums agreed;
    PromptSums kept;
    for (const PromptCodes& prompt : prompts_) {
      const PairAgreement pairs = CompareColumns(prompt, column);
      agreed.push_back({static_cast<double>(pairs.agreed()), pairs.pairs});
      kept.push_back({static_cast<double>(pairs.both), pairs.first});
    }
    for (const auto& [name, sums] :
         {std::pair("pairs.agreed", &agreed), std::pair("pairs.kept", &kept)}) {
      results_.push_back(Where(Share(name, *sums), "column", column.name));
    }
  }

  std::vector<StudyResult> Take() { return std::move(results_); }

 private:
  const std::string& StrategyOf(const CodeSample& sample) const {
    return traces_[sample.trace].sequences[sample.sequence].strategy;
  }

  StudyResult& Last(std::string_view name) {
    return *std::find_if(
        results_.rbegin(), results_.rend(),
        [name](const StudyResult& result) { return result.name == name; });
  }

  // A count of each prompt that has codes.
  template <typename Count>
  PromptSums PromptsWithCodes(const Count& count) const {
    PromptSums sums;
    for (const PromptCodes& prompt : prompts_) {
      sums.push_back(
          {static_cast<double>(count(prompt)), !prompt.samples.empty()});
    }
    return sums;
  }

  // `groups_of` gives the groups of the codes of a prompt that count.
  template <typename GroupsOf>
  void AddShares(const std::string& dimension, const std::string& value,
                 const GroupsOf& groups_of) {
    PromptSums compiled;
    PromptSums top1;
    PromptSums top3;
    for (const PromptCodes& prompt : prompts_) {
      const std::vector<uint32_t> groups = groups_of(prompt);
      const std::vector<uint64_t> sizes = GroupSizes(groups);
      compiled.push_back(CompiledCodes(groups));
      top1.push_back(TopCodes(sizes, 1));
      top3.push_back(TopCodes(sizes, 3));
    }
    for (const auto& [name, sums] :
         {std::pair("compiled.share", &compiled),
          std::pair("top1.share", &top1), std::pair("top3.share", &top3)}) {
      results_.push_back(Where(Share(name, *sums), dimension, value));
    }
  }

  // Groups by size, in powers of two.
  void AddSizes() {
    uint64_t largest = 0;
    for (const PromptCodes& prompt : prompts_) {
      if (!prompt.sizes.empty()) largest = std::max(largest, prompt.sizes[0]);
    }
    for (uint64_t least = 1; least <= largest; least *= 2) {
      const PromptSums sums = PromptsWithCodes([&](const PromptCodes& prompt) {
        return std::count_if(
            prompt.sizes.begin(), prompt.sizes.end(),
            [least](uint64_t size) { return std::bit_floor(size) == least; });
      });
      const std::string value =
          least == 1 ? "1" : fmt::format("{}-{}", least, 2 * least - 1);
      results_.push_back(
          Where(MeanResult("groups.per_prompt", sums), "size", value));
    }
  }

  // A share of counts of the differences, over all groups of all prompts.
  template <typename Part, typename Whole>
  StudyResult DifferenceShare(const char* name, const Part& part,
                              const Whole& whole) const {
    PromptSums sums;
    for (const PromptCodes& prompt : prompts_) {
      sums.push_back({static_cast<double>(part(prompt.differences)),
                      whole(prompt.differences)});
    }
    return Share(name, sums);
  }

  void AddRemarks() {
    using D = const Differences&;
    results_.push_back(DifferenceShare(
        "differences.remarks.lines",
        [](D d) {
          return d.lines[static_cast<size_t>(LineClass::kBlank)] +
                 d.lines[static_cast<size_t>(LineClass::kComment)];
        },
        [](D d) { return d.changed_lines(); }));
    results_.back().published = Published{0.996, false, kOtherModel};
    results_.push_back(DifferenceShare(
        "differences.remarks.texts", [](D d) { return d.remark_texts; },
        [](D d) { return d.texts; }));
    results_.push_back(DifferenceShare(
        "differences.remarks.pairs", [](D d) { return d.remark_pairs; },
        [](D d) { return d.pairs; }));
  }

  void AddLineClasses() {
    for (size_t c = 0; c < kLineClasses; ++c) {
      results_.push_back(
          Where(DifferenceShare(
                    "differences.lines",
                    [c](const Differences& d) { return d.lines[c]; },
                    [](const Differences& d) { return d.changed_lines(); }),
                "line_class", LineClassName(static_cast<LineClass>(c))));
    }
  }

  const std::span<const Trace> traces_;
  const CodeSamples& samples_;
  const std::span<const PromptCodes> prompts_;
  std::vector<StudyResult> results_;
};

}  // namespace

std::vector<StudyResult> AssemblyResults(
    std::span<const Trace> traces, const CodeSamples& samples,
    std::span<const PromptCodes> prompts,
    std::span<const AssemblyColumn> columns) {
  Results results(traces, samples, prompts);
  results.AddAll();
  results.AddStrategies();
  results.AddPrompts();
  for (const AssemblyColumn& column : columns) results.AddColumn(column);
  return results.Take();
}

}  // namespace moetap
