// Compiles the codes of a study's sequences, and says on stderr what is
// compiled and how far it is.
#ifndef MOETAP_ANALYSIS_COMPILE_CODES_H_
#define MOETAP_ANALYSIS_COMPILE_CODES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/compiler.h"
#include "analysis/studies/code_groups.h"
#include "analysis/studies/leaf_codes.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// Of all sequences, each code without and with -g.  `traces` must outlive the
// result and stay in place.  Throws Error if the compiler does not work.
LeafCodes CompileLeaves(std::string_view verb, std::span<const Trace> traces,
                        const Vocabulary& vocabulary,
                        const CompilerOptions& options);

// Groups the samples by what `compiler`, made with `flags`, makes of them.
void CompileGroups(std::string_view verb, const Compiler& compiler,
                   const std::vector<std::string>& flags, CodeSamples* samples);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_COMPILE_CODES_H_
