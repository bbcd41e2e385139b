// Assembly of gcc and clang (AT&T syntax, one function after the other) as
// text: what two codes are compared by.  Any bytes are accepted.
#ifndef MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_
#define MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moetap {

// By the rules of docs/studies.md, assembly-equivalence@1.  Equal results:
// equivalent codes.  Lines end with a newline each.
std::string NormalizeAssembly(std::string_view assembly);

// By all of these rules but the last: local labels keep their names.
std::string DropRemarks(std::string_view assembly);

struct Instruction {
  std::string text;   // normalised; local labels are numbered by their first
                      // occurrence in the function
  uint32_t line = 0;  // of the source, from .loc; 0: unknown, or of a header
};
struct AssemblyFunction {
  std::string name;
  std::vector<Instruction> instructions;
};

// In order of the text: what stands between a label with `.type NAME,
// @function` and `.size NAME`, without directives and labels.  Source lines
// need a compile with -g.
std::vector<AssemblyFunction> ParseFunctions(std::string_view assembly);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_ASSEMBLY_TEXT_H_
