// The files that a program in a sandbox needs.
#ifndef MOETAP_ANALYSIS_CODE_PROGRAM_FILES_H_
#define MOETAP_ANALYSIS_CODE_PROGRAM_FILES_H_

#include <string>

#include "analysis/code/sandbox.h"

namespace moetap {

// Lets `program` read `path`, absolute, if it exists.
void AddReadable(const std::string& path, SandboxProgram* program);

// Lets `program` read what is loaded to run it: argv[0], the dynamic loader and
// its libraries, and says in its environment where these are.  Throws Error if
// argv[0] cannot be run.
void AddLoadedFiles(SandboxProgram* program);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_PROGRAM_FILES_H_
