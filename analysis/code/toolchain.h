// The program behind gcc or clang that turns C into assembly, and the files it
// needs.
#ifndef MOETAP_ANALYSIS_CODE_TOOLCHAIN_H_
#define MOETAP_ANALYSIS_CODE_TOOLCHAIN_H_

#include <string>

#include "analysis/code/compiler.h"
#include "analysis/code/sandbox.h"

namespace moetap {

struct Toolchain {
  std::string version;  // first line of --version
  // Reads C from standard input, writes assembly to standard output.
  SandboxProgram program;
  // Differs where assembly may: the version, the program's arguments, and
  // path, size and time of each file and folder that it may read.
  std::string identity;
};

// Throws Error if `options` name no gcc or clang, or flags with which it needs
// more than one program.
Toolchain FindToolchain(const CompilerOptions& options);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_TOOLCHAIN_H_
