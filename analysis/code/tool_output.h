// What a trusted program prints.
#ifndef MOETAP_ANALYSIS_CODE_TOOL_OUTPUT_H_
#define MOETAP_ANALYSIS_CODE_TOOL_OUTPUT_H_

#include <string>
#include <vector>

namespace moetap {

// Runs argv[0], an absolute path, in the folder / with an empty standard input
// and only $PATH, LC_ALL=C and `environment` (NAME=value), and returns what it
// wrote to both outputs.  Throws Error unless it ends with status 0.
std::string ToolOutput(std::vector<std::string> argv,
                       std::vector<std::string> environment = {});

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_TOOL_OUTPUT_H_
