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

// A sequence that finished with "stop": one sample of its prompt.
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
  std::string name;               // the client's id, else "tree N"
  std::vector<uint32_t> samples;  // in order of the capture
  uint32_t groups = 0;            // group g has the g-th first occurrence
};

struct CodeSamples {
  std::vector<CodeSample> samples;
  std::vector<CodePrompt> prompts;  // in order of their first sample
  // Sequences that are no samples, by what ended them.
  uint64_t pruned = 0;
  uint64_t cut_off = 0;       // "length"
  uint64_t not_finished = 0;  // anything else, or unknown
  // Samples without code.
  uint64_t unknown_text = 0;  // the vocabulary lacks a token
  uint64_t no_code = 0;
};

// The samples of traces (docs/studies.md, code-sample@1) and their codes;
// nothing is compiled yet.  A tree is named by its number over all traces.
CodeSamples FindCodeSamples(std::span<const Trace> traces,
                            const Vocabulary& vocabulary, ExtractRule rule);

// Compiles the codes and groups those of a prompt by equal normalised assembly
// (docs/studies.md, assembly-equivalence@1).  What an earlier call found for
// another compiler is replaced.  Beside the codes it holds the assembly of one
// prompt's groups at a time.  `progress`: as of Compiler::Compile.
void CompileSamples(const Compiler& compiler,
                    const std::function<void(uint64_t)>& progress,
                    CodeSamples* samples);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CODE_GROUPS_H_
