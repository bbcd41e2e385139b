#include "analysis/code/program_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <vector>

#include "analysis/code/tool_output.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

// The dynamic loader and libraries, as the loader itself lists them.
std::vector<std::string> Libraries(const std::string& program) {
  std::vector<std::string> libraries;
  const std::string printed =
      ToolOutput({program}, {"LD_TRACE_LOADED_OBJECTS=1"});
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    // "libm.so.6 => /lib/libm.so.6 (0x...)", or for the loader, which must
    // have the name on the left: "/lib/ld.so => /usr/lib/ld.so (0x...)".
    const size_t begin = line.find('/');
    const size_t end =
        std::min(line.find(" => ", begin), line.find(" (", begin));
    if (end != std::string::npos) {
      libraries.push_back(line.substr(begin, end - begin));
    }
  }
  return libraries;
}

std::string LibraryPath(const std::vector<std::string>& libraries) {
  std::set<std::string> seen;
  std::string path;
  for (const std::string& library : libraries) {
    const std::string folder = fs::path(library).parent_path().string();
    if (!seen.insert(folder).second) continue;
    path += (path.empty() ? "" : ":") + folder;
  }
  return path;
}

}  // namespace

void AddReadable(const std::string& path, SandboxProgram* program) {
  std::error_code missing;
  const fs::path source = fs::canonical(path, missing);
  if (!missing) program->readable.push_back({path, source.string()});
}

void AddLoadedFiles(SandboxProgram* program) {
  const std::vector<std::string> libraries = Libraries(program->argv[0]);
  program->environment.push_back("LD_LIBRARY_PATH=" + LibraryPath(libraries));
  AddReadable(program->argv[0], program);
  for (const std::string& library : libraries) AddReadable(library, program);
}

}  // namespace moetap
