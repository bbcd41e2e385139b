#include "analysis/compile_leaves.h"

#include <fmt/format.h>

#include <cstdio>

#include "analysis/progress.h"

namespace moetap {

LeafCodes CompileLeaves(std::string_view verb, std::span<const Trace> traces,
                        const Vocabulary& vocabulary,
                        const CompilerOptions& options) {
  LeafCodes codes(traces, vocabulary, ExtractRule::kAuto);
  fmt::print(stderr,
             "{}: compiling {} different codes, each without and with -g\n",
             verb, codes.codes());
  Progress progress("compiled", 2 * codes.codes());
  codes.Compile(options, [&progress](uint64_t done) { progress.Add(done); });
  return codes;
}

}  // namespace moetap
