// The codes of a study's sequences, compiled: what alignment by assembly and
// the choice of equivalent pairs need.
#ifndef MOETAP_ANALYSIS_STUDIES_LEAF_CODES_H_
#define MOETAP_ANALYSIS_STUDIES_LEAF_CODES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/code/assembly_numbers.h"
#include "analysis/code/code_alignment.h"
#include "analysis/code/compiler.h"
#include "analysis/code/extract.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/unaligned_rows.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// Finds codes when made and compiles them once.  From then on safe to use from
// several threads.
class LeafCodes {
 public:
  // Every sequence of `traces`, which must outlive it and stay in place.
  LeafCodes(std::span<const Trace> traces, const Vocabulary& vocabulary,
            ExtractRule rule);

  // Different codes; each is compiled twice, without and with -g.
  uint64_t codes() const { return codes_.size(); }

  // `progress` gets numbers out of 2 * codes(), from any thread; it may be
  // empty.  Throws Error if the compiler does not work.
  void Compile(CompilerOptions options,
               const std::function<void(uint64_t)>& progress);

  // The sequences of all below must be of the traces, and codes compiled.

  // Why the two cannot be aligned: kNoCode, kNotCompiled, kDebugDiffers, the
  // first of these that holds of either.
  std::optional<Unaligned> Obstacle(const Sequence& a, const Sequence& b) const;
  // Empty if there is an obstacle.
  const LinedCode& Lined(const Sequence& sequence) const;
  // The line in the code of each token, as LinedTokens has them.
  std::span<const uint32_t> TokenLines(const Sequence& sequence) const;
  // Both compile, and their assembly is equal (assembly-equivalence@1).
  bool Equivalent(const Sequence& a, const Sequence& b) const;

  // The compiler and how it was called, for StudyDocument::options.
  const Json& description() const { return description_; }

 private:
  struct CompiledCode {
    std::string text;
    std::optional<Unaligned> obstacle;
    LinedCode lined;
    uint32_t group = kNone;  // equal ones are equivalent; kNone: not compiled
  };
  struct Leaf {
    uint32_t code = kNone;
    std::vector<uint32_t> token_lines;
  };

  void Add(const Sequence& sequence, uint32_t root_tokens,
           const Vocabulary& vocabulary, ExtractRule rule);
  void Keep(const Compiled& plain, const Compiled& debug, CompiledCode* code);
  const CompiledCode* CodeOf(const Sequence& sequence) const;

  std::vector<CompiledCode> codes_;
  std::unordered_map<std::string, uint32_t> code_numbers_;  // by text
  std::unordered_map<const Sequence*, Leaf> leaves_;
  InstructionNumbers instructions_;
  AssemblyNumbers groups_;
  Json description_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_LEAF_CODES_H_
