#include "analysis/studies/assembly_counts.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace moetap {
namespace {

Differences CompareGroups(const CodeSamples& samples,
                          const PromptCodes& prompt) {
  std::map<uint32_t, std::vector<std::string_view>> texts;
  for (size_t i = 0; i < prompt.samples.size(); ++i) {
    if (prompt.groups[i] == kNone) continue;
    texts[prompt.groups[i]].push_back(
        samples.samples[prompt.samples[i]].code.text);
  }
  Differences differences;
  for (const auto& [group, codes] : texts) differences += CompareGroup(codes);
  return differences;
}

}  // namespace

std::vector<uint64_t> GroupSizes(std::span<const uint32_t> groups) {
  std::map<uint32_t, uint64_t> counts;
  for (const uint32_t group : groups) {
    if (group != kNone) ++counts[group];
  }
  std::vector<uint64_t> sizes;
  for (const auto& [group, count] : counts) sizes.push_back(count);
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  return sizes;
}

RatioSum TopCodes(std::span<const uint64_t> sizes, size_t top) {
  RatioSum sum;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i < top) sum.sum += static_cast<double>(sizes[i]);
    sum.count += sizes[i];
  }
  return sum;
}

RatioSum CompiledCodes(std::span<const uint32_t> groups) {
  const auto compiled =
      std::count_if(groups.begin(), groups.end(),
                    [](uint32_t group) { return group != kNone; });
  return {static_cast<double>(compiled), groups.size()};
}

std::vector<PromptCodes> CodesByPrompt(const CodeSamples& samples) {
  std::vector<PromptCodes> prompts;
  for (const CodePrompt& one : samples.prompts) {
    PromptCodes& prompt = prompts.emplace_back();
    for (const uint32_t s : one.samples) {
      if (!samples.samples[s].has_code) continue;
      prompt.samples.push_back(s);
      prompt.groups.push_back(samples.samples[s].group);
    }
    prompt.sizes = GroupSizes(prompt.groups);
    prompt.differences = CompareGroups(samples, prompt);
  }
  return prompts;
}

AssemblyColumn ColumnOf(std::string name, const CodeSamples& samples) {
  AssemblyColumn column{std::move(name), {}};
  for (const CodeSample& sample : samples.samples) {
    column.groups.push_back(sample.group);
  }
  return column;
}

PairAgreement CompareColumns(const PromptCodes& prompt,
                             const AssemblyColumn& column) {
  const auto pairs = [](uint64_t n) { return n < 2 ? 0 : n * (n - 1) / 2; };
  std::map<uint32_t, uint64_t> first;
  std::map<uint32_t, uint64_t> second;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> both;
  uint64_t codes = 0;
  for (size_t i = 0; i < prompt.samples.size(); ++i) {
    const uint32_t a = prompt.groups[i];
    const uint32_t b = column.groups[prompt.samples[i]];
    if (a == kNone || b == kNone) continue;
    ++codes;
    ++first[a];
    ++second[b];
    ++both[{a, b}];
  }
  PairAgreement result;
  result.pairs = pairs(codes);
  for (const auto& [group, n] : first) result.first += pairs(n);
  for (const auto& [group, n] : second) result.second += pairs(n);
  for (const auto& [cell, n] : both) result.both += pairs(n);
  return result;
}

}  // namespace moetap
