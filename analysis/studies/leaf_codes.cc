#include "analysis/studies/leaf_codes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "analysis/code/assembly_text.h"
#include "analysis/studies/root_prompts.h"

namespace moetap {
namespace {

// Assembly with -g is large and lives only until its lines are taken.
constexpr size_t kCodesAtOnce = 256;

bool SameInstructions(const std::vector<AssemblyFunction>& a,
                      const std::vector<AssemblyFunction>& b) {
  const auto same_text = [](const Instruction& x, const Instruction& y) {
    return x.text == y.text;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const AssemblyFunction& f, const AssemblyFunction& g) {
                      return f.name == g.name &&
                             std::equal(f.instructions.begin(),
                                        f.instructions.end(),
                                        g.instructions.begin(),
                                        g.instructions.end(), same_text);
                    });
}

uint32_t CountLines(std::string_view text) {
  return static_cast<uint32_t>(1 + std::count(text.begin(), text.end(), '\n'));
}

// `bytes` of CodeBytes, which ascend.
std::vector<uint32_t> LinesOf(const std::vector<std::optional<size_t>>& bytes,
                              std::string_view code) {
  std::vector<uint32_t> lines;
  uint32_t line = 1;
  size_t at = 0;
  for (const std::optional<size_t>& byte : bytes) {
    if (!byte) {
      lines.push_back(0);
      continue;
    }
    for (; at < *byte; ++at) line += code[at] == '\n';
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

LeafCodes::LeafCodes(std::span<const Trace> traces,
                     const Vocabulary& vocabulary, ExtractRule rule) {
  for (const Trace& trace : traces) {
    const RootPrompts roots = FindRootPrompts(trace, BuildForest(trace));
    for (size_t s = 0; s < trace.sequences.size(); ++s) {
      if (roots.trees[s] == kNone) continue;
      Add(trace.sequences[s], roots.tokens[s], vocabulary, rule);
    }
  }
}

void LeafCodes::Add(const Sequence& sequence, uint32_t root_tokens,
                    const Vocabulary& vocabulary, ExtractRule rule) {
  Leaf& leaf = leaves_[&sequence];
  const SequenceText text = TextOf(sequence, vocabulary);
  if (!text.known) return;
  const auto code = ExtractCode(text.bytes, text.first[root_tokens], rule);
  if (!code) return;
  const auto number = static_cast<uint32_t>(codes_.size());
  const auto [known, is_new] = code_numbers_.try_emplace(code->text, number);
  if (is_new) codes_.emplace_back().text = code->text;
  leaf.code = known->second;
  leaf.token_lines = LinesOf(CodeBytes(*code, text), code->text);
}

void LeafCodes::Compile(CompilerOptions options,
                        const std::function<void(uint64_t)>& progress) {
  const Compiler plain(options);
  description_ = {{"compiler", plain.version()},
                  {"flags", options.flags},
                  {"standard", options.standard}};
  options.flags.push_back("-g");
  const Compiler debug(std::move(options));
  for (size_t from = 0; from < codes_.size(); from += kCodesAtOnce) {
    const size_t to = std::min(from + kCodesAtOnce, codes_.size());
    std::vector<std::string_view> texts;
    for (size_t i = from; i < to; ++i) texts.push_back(codes_[i].text);
    const auto without = plain.Compile(texts, progress);
    const auto with = debug.Compile(texts, progress);
    for (size_t i = from; i < to; ++i) {
      Keep(without[i - from], with[i - from], &codes_[i]);
    }
  }
}

void LeafCodes::Keep(const Compiled& plain, const Compiled& debug,
                     CompiledCode* code) {
  code->group = groups_.Of(plain);
  if (plain.status != CompileStatus::kCompiled ||
      debug.status != CompileStatus::kCompiled) {
    code->obstacle = Unaligned::kNotCompiled;
    return;
  }
  const auto functions = ParseFunctions(debug.assembly);
  if (!SameInstructions(functions, ParseFunctions(plain.assembly))) {
    code->obstacle = Unaligned::kDebugDiffers;
    return;
  }
  code->lined =
      NumberInstructions(functions, CountLines(code->text), &instructions_);
}

const LeafCodes::CompiledCode* LeafCodes::CodeOf(
    const Sequence& sequence) const {
  const uint32_t code = leaves_.at(&sequence).code;
  return code == kNone ? nullptr : &codes_[code];
}

std::optional<Unaligned> LeafCodes::Obstacle(const Sequence& a,
                                             const Sequence& b) const {
  const CompiledCode* code_a = CodeOf(a);
  const CompiledCode* code_b = CodeOf(b);
  if (code_a == nullptr || code_b == nullptr) return Unaligned::kNoCode;
  for (const Unaligned cause :
       {Unaligned::kNotCompiled, Unaligned::kDebugDiffers}) {
    if (code_a->obstacle == cause || code_b->obstacle == cause) return cause;
  }
  return std::nullopt;
}

const LinedCode& LeafCodes::Lined(const Sequence& sequence) const {
  static const LinedCode none;
  const CompiledCode* code = CodeOf(sequence);
  return code == nullptr ? none : code->lined;
}

std::span<const uint32_t> LeafCodes::TokenLines(
    const Sequence& sequence) const {
  return leaves_.at(&sequence).token_lines;
}

bool LeafCodes::Equivalent(const Sequence& a, const Sequence& b) const {
  const CompiledCode* code_a = CodeOf(a);
  const CompiledCode* code_b = CodeOf(b);
  return code_a != nullptr && code_b != nullptr && code_a->group != kNone &&
         code_a->group == code_b->group;
}

}  // namespace moetap
