// The codes of each prompt, their groups, and groups under two compilers.
#ifndef MOETAP_ANALYSIS_STUDIES_ASSEMBLY_COUNTS_H_
#define MOETAP_ANALYSIS_STUDIES_ASSEMBLY_COUNTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/code/differences.h"
#include "analysis/studies/code_groups.h"
#include "analysis/studies/intervals.h"

namespace moetap {

// Numbers of codes in each group, largest first.  groups[i] is that of code i,
// kNone for one that did not compile.
std::vector<uint64_t> GroupSizes(std::span<const uint32_t> groups);

// Codes in the `top` largest groups, of those in all groups.
RatioSum TopCodes(std::span<const uint64_t> sizes, size_t top);

// Codes that compiled, of all.
RatioSum CompiledCodes(std::span<const uint32_t> groups);

struct PromptCodes {
  std::vector<uint32_t> samples;  // with code
  std::vector<uint32_t> groups;   // of each; kNone: did not compile
  std::vector<uint64_t> sizes;    // of the groups, largest first
  Differences differences;        // within them
};

// In order of CodeSamples::prompts.  Takes time for each pair of distinct texts
// of a group.
std::vector<PromptCodes> CodesByPrompt(const CodeSamples& samples);

// The groups of samples under one compiler with its flags.
struct AssemblyColumn {
  std::string name;              // as the user gave it
  std::vector<uint32_t> groups;  // per sample: of its prompt; kNone: did not
                                 // compile
};

// Those of `samples` as they are grouped now.
AssemblyColumn ColumnOf(std::string name, const CodeSamples& samples);

// Pairs of codes of one prompt that compile in both of two columns.
struct PairAgreement {
  uint64_t pairs = 0;
  uint64_t first = 0;   // equivalent in the first
  uint64_t second = 0;  // in the second
  uint64_t both = 0;

  uint64_t agreed() const { return pairs - first - second + 2 * both; }
};
PairAgreement CompareColumns(const PromptCodes& prompt,
                             const AssemblyColumn& column);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ASSEMBLY_COUNTS_H_
