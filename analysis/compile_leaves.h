// Compiles the codes of a study's sequences and says what that costs.
#ifndef MOETAP_ANALYSIS_COMPILE_LEAVES_H_
#define MOETAP_ANALYSIS_COMPILE_LEAVES_H_

#include <span>
#include <string_view>

#include "analysis/code/compiler.h"
#include "analysis/studies/leaf_codes.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// Says on stderr, as `verb`, what is compiled.  `traces` must outlive the
// result and stay in place.  Throws Error if the compiler does not work.
LeafCodes CompileLeaves(std::string_view verb, std::span<const Trace> traces,
                        const Vocabulary& vocabulary,
                        const CompilerOptions& options);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_COMPILE_LEAVES_H_
