#include "analysis/studies/assembly_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "analysis/studies/assembly_results.h"
#include "analysis/studies/prompt_results.h"

namespace moetap {
namespace {

using Units = std::vector<std::pair<std::string, uint64_t>>;

void AddSampleUnits(const CodeSamples& samples, Units* units) {
  units->insert(units->end(),
                {{"samples", samples.samples.size()},
                 {"cut_off_sequences", samples.cut_off},
                 {"pruned_sequences", samples.pruned},
                 {"unfinished_sequences", samples.not_finished},
                 {"samples_of_unknown_text", samples.unknown_text},
                 {"samples_without_code", samples.no_code}});
}

void AddCodeUnits(const CodeSamples& samples,
                  std::span<const PromptCodes> prompts, Units* units) {
  std::set<std::string_view> texts;
  std::map<CompileStatus, uint64_t> statuses;
  uint64_t prompts_with_codes = 0;
  uint64_t codes = 0;
  uint64_t groups = 0;
  for (const PromptCodes& prompt : prompts) {
    prompts_with_codes += !prompt.samples.empty();
    codes += prompt.samples.size();
    groups += prompt.sizes.size();
    for (const uint32_t s : prompt.samples) {
      texts.insert(samples.samples[s].code.text);
      ++statuses[samples.samples[s].status];
    }
  }
  units->insert(units->end(), {{"prompts", prompts_with_codes},
                               {"codes", codes},
                               {"distinct_codes", texts.size()},
                               {"groups", groups}});
  for (uint8_t s = 0; s <= static_cast<uint8_t>(CompileStatus::kCrash); ++s) {
    const auto status = static_cast<CompileStatus>(s);
    units->emplace_back(fmt::format("codes_{}", CompileStatusName(status)),
                        statuses[status]);
  }
}

void AddDifferenceUnits(std::span<const PromptCodes> prompts, Units* units) {
  Differences all;
  for (const PromptCodes& prompt : prompts) all += prompt.differences;
  units->insert(units->end(), {{"groups_of_one_text", all.single},
                               {"groups_of_several_texts", all.groups},
                               {"repeated_codes", all.repeated},
                               {"compared_texts", all.texts},
                               {"compared_pairs", all.pairs},
                               {"changed_lines", all.changed_lines()}});
}

void Judge(StudyDocument* document) {
  document->WarnOfLosses();
  document->Warn(document->unit("samples_of_unknown_text") > 0, "unknown-text");
  if (document->unit("codes_compiled") == 0) {
    document->status = StudyStatus::kNotComputable;
    document->reason = "no-codes";
  } else if (document->unit("prompts") < kPromptsForInterval) {
    document->status = StudyStatus::kDescriptive;
    document->reason = "few-prompts";
  }
}

}  // namespace

StudyDocument RunAssembly(std::span<const Trace> traces,
                          const CodeSamples& samples,
                          std::span<const AssemblyColumn> columns,
                          std::vector<StudyInput> inputs) {
  const std::vector<PromptCodes> prompts = CodesByPrompt(samples);
  StudyDocument document;
  document.study = "assembly";
  document.definitions = {"code-sample@1",          "code@1",
                          "assembly-equivalence@1", "assembly-shares@1",
                          "differences@1",          "interval.prompts@1"};
  document.inputs = std::move(inputs);
  AddSampleUnits(samples, &document.units);
  AddCodeUnits(samples, prompts, &document.units);
  AddDifferenceUnits(prompts, &document.units);
  Judge(&document);
  if (document.status == StudyStatus::kNotComputable) return document;
  document.results = AssemblyResults(traces, samples, prompts, columns);
  return document;
}

}  // namespace moetap
