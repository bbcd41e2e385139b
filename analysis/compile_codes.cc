#include "analysis/compile_codes.h"

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

void CompileGroups(std::string_view verb, const Compiler& compiler,
                   const std::vector<std::string>& flags,
                   CodeSamples* samples) {
  const uint64_t codes =
      samples->samples.size() - samples->unknown_text - samples->no_code;
  fmt::print(stderr, "{}: compiling {} codes with {} {}\n", verb, codes,
             compiler.version(), fmt::join(flags, " "));
  Progress progress("codes", codes);
  CompileSamples(
      compiler, [&progress](uint64_t done) { progress.Add(done); }, samples);
}

}  // namespace moetap
