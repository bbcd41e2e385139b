#include "analysis/record/library.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "analysis/error.h"

namespace moetap {
namespace fs = std::filesystem;
namespace {

// The loader splits LD_PRELOAD at blanks and colons and knows no quoting.
void RefuseUnpreloadablePath(const fs::path& library) {
  if (library.string().find_first_of(" :\t\n'") == std::string::npos) return;
  throw Error(fmt::format(
      "'{}' cannot be preloaded: LD_PRELOAD allows no blank, colon or quote "
      "in a path; copy the library and its folder python/ elsewhere and set "
      "MOETAP_LIBRARY to it",
      library.string()));
}

// Standard output and error of `command`, run by the shell.
std::string Output(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"),
                                             pclose);
  if (!pipe) throw Error("cannot start /bin/sh to try the library");
  std::string output;
  std::array<char, 4096> chunk;
  while (size_t n = std::fread(chunk.data(), 1, chunk.size(), pipe.get())) {
    output.append(chunk.data(), n);
  }
  return output;
}

}  // namespace

std::vector<fs::path> LibraryCandidates(const fs::path& program_folder) {
  const fs::path parent = program_folder.parent_path();
  return {parent / "lib/moetap/libmoetap.so",  // bin/moetap
          parent / "plugin/libmoetap.so"};     // build/X/analysis/moetap
}

fs::path FindLibrary() {
  if (const char* given = std::getenv("MOETAP_LIBRARY")) {
    const fs::path library = fs::absolute(given);
    if (fs::exists(library)) return library;
    throw Error(fmt::format(
        "MOETAP_LIBRARY says '{}', which does not exist; unset it or correct "
        "it",
        given));
  }
  const fs::path program = fs::read_symlink("/proc/self/exe");
  std::string looked;
  for (const fs::path& library : LibraryCandidates(program.parent_path())) {
    if (fs::exists(library)) return library;
    looked += fmt::format("\n  {}", library.string());
  }
  throw Error(fmt::format(
      "libmoetap.so not found; looked at{}\nbuild or install it, or set "
      "MOETAP_LIBRARY to its path",
      looked));
}

void ProveLibraryLoads(const fs::path& library) {
  RefuseUnpreloadablePath(library);
  // A loader that cannot load the library complains and goes on, so status 0
  // proves nothing; silence and the program's own map do.
  const std::string preloaded =
      fmt::format("LD_PRELOAD='{}' MOETAP_DISABLE=1 ", library.string());
  std::string why = Output(preloaded + "/bin/true 2>&1 || echo status $?");
  const std::string maps = Output(preloaded + "/bin/cat /proc/self/maps 2>&1");
  const std::string mapped = fs::canonical(library).string() + "\n";
  if (why.empty() && maps.find(mapped) == std::string::npos) {
    why = "it is not mapped into a preloaded program";
  }
  if (why.empty()) return;
  throw Error(fmt::format(
      "'{}' cannot be preloaded on this system:\n{}\nuse a library built for "
      "this machine and its libc (glibc 2.34 or newer): build moetap here, "
      "or set MOETAP_LIBRARY",
      library.string(), why.substr(0, 1000)));
}

bool ShimPresent(const fs::path& library) {
  return fs::exists(library.parent_path() / "python" / "moetap_vllm");
}

}  // namespace moetap
