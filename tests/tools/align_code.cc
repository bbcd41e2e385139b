// Aligns pairs of codes given as JSON, for tests that compare it with an
// independent computation.
//
// Standard input: a list of [code, code], each {"functions": [[[text, line],
// ...], ...], "lines": of the source, "tokens": [id, ...], "token_lines":
// [line or 0, ...]}.  Standard output: for each pair {"lines": [[a, b], ...],
// "tokens": [[i, j], ...], "no_line", "unmatched_line", "gaps"}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "analysis/code/code_alignment.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

LinedCode ReadCode(const Json& json, InstructionNumbers* numbers) {
  std::vector<AssemblyFunction> functions;
  for (const Json& function : json.at("functions")) {
    functions.emplace_back();
    for (const Json& one : function) {
      functions.back().instructions.push_back({one.at(0), one.at(1)});
    }
  }
  return NumberInstructions(functions, json.at("lines"), numbers);
}

Json AlignPair(const Json& a, const Json& b) {
  InstructionNumbers numbers;
  const LinedCode code_a = ReadCode(a, &numbers);
  const LinedCode code_b = ReadCode(b, &numbers);
  const auto lines = AlignLines(code_a, code_b).value();
  const std::vector<uint64_t> ids_a = a.at("tokens");
  const std::vector<uint64_t> ids_b = b.at("tokens");
  const std::vector<uint32_t> lines_a = a.at("token_lines");
  const std::vector<uint32_t> lines_b = b.at("token_lines");
  const auto tokens =
      AlignTokens({ids_a, lines_a}, {ids_b, lines_b}, lines).value();
  return {{"lines", lines},
          {"tokens", tokens.pairs},
          {"no_line", tokens.no_line},
          {"unmatched_line", tokens.unmatched_line},
          {"gaps", tokens.gaps}};
}

}  // namespace
}  // namespace moetap

int main() {
  moetap::Json results = moetap::Json::array();
  for (const auto& pair : moetap::Json::parse(std::cin)) {
    results.push_back(moetap::AlignPair(pair.at(0), pair.at(1)));
  }
  std::cout << results.dump() << '\n';
  return 0;
}
