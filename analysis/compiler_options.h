// The options of verbs that compile generated code.
#ifndef MOETAP_ANALYSIS_COMPILER_OPTIONS_H_
#define MOETAP_ANALYSIS_COMPILER_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "analysis/code/compiler.h"
#include "analysis/code/extract.h"
#include "analysis/studies/envelope.h"

namespace moetap {

// --compiler, --flags, --std, --cache and --no-cache.  `options` must outlive
// parsing.  By default the cache is in $XDG_CACHE_HOME or ~/.cache; if neither
// is known there is none.
void AddCompilerOptions(CLI::App* verb, CompilerOptions* options);

// --extract.  Likewise.
void AddExtractOption(CLI::App* verb, ExtractRule* rule);

// Adds to the options of a document what its codes were compiled with and what
// confined that.
void AddCompiler(const CompilerOptions& options, const Compiler& compiler,
                 StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_COMPILER_OPTIONS_H_
