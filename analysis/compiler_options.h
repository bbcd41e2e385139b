// The options of verbs that compile generated code.
#ifndef MOETAP_ANALYSIS_COMPILER_OPTIONS_H_
#define MOETAP_ANALYSIS_COMPILER_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "analysis/code/compiler.h"

namespace moetap {

// --compiler, --flags, --std and --cache.  `options` must outlive parsing.
void AddCompilerOptions(CLI::App* verb, CompilerOptions* options);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_COMPILER_OPTIONS_H_
