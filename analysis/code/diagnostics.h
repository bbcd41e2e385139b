// What a compiler's messages say about the code.
#ifndef MOETAP_ANALYSIS_CODE_DIAGNOSTICS_H_
#define MOETAP_ANALYSIS_CODE_DIAGNOSTICS_H_

#include <string>
#include <string_view>

#include "analysis/code/compiler.h"
#include "analysis/code/sandbox.h"

namespace moetap {

// The first line with an error, without the name of standard input before it;
// else the first line.
std::string_view FirstError(std::string_view messages);

// compile-status@1 of docs/studies.md, of a line that FirstError returned.
CompileStatus StatusOfError(std::string_view line);

// All of a run.
Compiled CompiledOf(SandboxRun run);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_DIAGNOSTICS_H_
