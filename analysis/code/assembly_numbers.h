// Numbers codes by what makes them equivalent.
#ifndef MOETAP_ANALYSIS_CODE_ASSEMBLY_NUMBERS_H_
#define MOETAP_ANALYSIS_CODE_ASSEMBLY_NUMBERS_H_

#include <cstdint>
#include <string>
#include <unordered_map>

#include "analysis/code/assembly_text.h"
#include "analysis/code/compiler.h"
#include "analysis/trace.h"

namespace moetap {

class AssemblyNumbers {
 public:
  // Equivalent codes (assembly-equivalence@1 of docs/studies.md) have one
  // number, in order of first occurrence; kNone if it did not compile.
  uint32_t Of(const Compiled& code) {
    if (code.status != CompileStatus::kCompiled) return kNone;
    return numbers_.try_emplace(NormalizeAssembly(code.assembly), count())
        .first->second;
  }
  uint32_t count() const { return static_cast<uint32_t>(numbers_.size()); }

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_ASSEMBLY_NUMBERS_H_
