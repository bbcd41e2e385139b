// The codes of a capture by prompt, and which of them are equivalent: what all
// studies of code start from.
#ifndef MOETAP_ANALYSIS_STUDIES_CODE_GROUPS_H_
#define MOETAP_ANALYSIS_STUDIES_CODE_GROUPS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/code/compiler.h"
#include "analysis/code/extract.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// A finished sequence of a capture: one sample of its prompt.
struct CodeSample {
  uint32_t trace = 0;     // its number
  uint32_t sequence = 0;  // in the trace
  uint32_t prompt = 0;    // in CodeSamples::prompts
  Code code;              // empty if has_code is false
  bool has_code = false;
  CompileStatus status = CompileStatus::kSyntax;  // where has_code
  std::string message;
  uint32_t group = kNone;  // of the prompt; kNone: not compiled
};

struct CodePrompt {
  std::string name;               // the client's id, else the tree's number
  std::vector<uint32_t> samples;  // in order of the capture
  uint32_t groups = 0;            // group g has the g-th first occurrence
};

struct CodeSamples {
  std::vector<CodeSample> samples;
  std::vector<CodePrompt> prompts;
  std::vector<std::string> assemblies;  // per sample; normalised, "" without
};

// Sequences that were cut off or pruned are no samples (`code-sample@1`).
CodeSamples CompileSamples(std::span<const Trace> traces,
                           const Vocabulary& vocabulary, ExtractRule rule,
                           const Compiler& compiler,
                           const std::function<void(uint64_t)>& progress);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CODE_GROUPS_H_
