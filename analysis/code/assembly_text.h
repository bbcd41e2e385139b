// Assembly of gcc and clang (AT&T syntax, one function after the other) as
// text: what two codes are compared by.
#ifndef MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_
#define MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moetap {

// assembly-equivalence@1 of docs/studies.md: drops comments, blank lines,
// .file, .ident, .loc and what else the rules there say, and numbers local
// labels in order of their first occurrence.  Equal texts: equivalent codes.
std::string NormalizeAssembly(std::string_view assembly);

struct Instruction {
  std::string text;   // mnemonic and operands, local labels as Ln of their
                      // first occurrence in the function
  uint32_t line = 0;  // of the source, from .loc; 0: unknown
};
struct AssemblyFunction {
  std::string name;
  std::vector<Instruction> instructions;
};

// In order of the text.  Source lines need a compile with -g.
std::vector<AssemblyFunction> ParseFunctions(std::string_view assembly);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_
