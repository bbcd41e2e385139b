#include "analysis/code/toolchain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "analysis/code/program_files.h"
#include "analysis/code/tool_output.h"
#include "analysis/error.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return fs::absolute(name).string();
  const char* path = std::getenv("PATH");
  for (const std::string& folder : Split(path != nullptr ? path : "", ':')) {
    const fs::path candidate = fs::absolute(fs::path(folder) / name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  throw Error("no compiler " + name + " in $PATH");
}

// What `mode` makes of standard input, with the options of every compile: only
// the first error is wanted, and no warning.
std::vector<std::string> Command(const std::string& driver,
                                 const CompilerOptions& options,
                                 std::vector<std::string> mode) {
  std::vector<std::string> argv = {driver};
  argv.insert(argv.end(), mode.begin(), mode.end());
  for (const std::string& flag : options.flags) {
    if (flag.empty() || flag[0] != '-') {
      throw Error("a compiler's flag begins with -, unlike " + flag);
    }
    argv.push_back(flag);
  }
  for (const char* fixed :
       {"-w", "-fmax-errors=1", "-x", "c", "-o", "-", "-"}) {
    argv.push_back(fixed);
  }
  argv.insert(argv.begin() + 1, "-std=" + options.standard);
  return argv;
}

// The words of a line that -### printed: some in double quotes, with \ before
// characters that mean something to a shell.
std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  bool quoted = false;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ' && !quoted) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (line[i] == '"') {
      quoted = !quoted;
    } else {
      if (line[i] == '\\' && i + 1 < line.size()) ++i;
      words.back() += line[i];
    }
  }
  return words;
}

// Both compilers indent the commands that they would run.
std::vector<std::string> OnlyCommand(const std::string& printed) {
  std::vector<std::string> command;
  for (const std::string& line : Split(printed, '\n')) {
    if (!line.starts_with(" /") && !line.starts_with(" \"/")) continue;
    if (!command.empty()) {
      throw Error("the compiler needs more than one program: " + printed);
    }
    command = Words(line);
  }
  if (command.empty()) {
    throw Error("the compiler is no gcc or clang; -### printed: " + printed);
  }
  return command;
}

// The folders in which headers are searched.
std::vector<std::string> HeaderFolders(const std::string& printed) {
  std::vector<std::string> folders;
  bool listing = false;
  for (const std::string& line : Split(printed, '\n')) {
    if (line.starts_with("End of search list")) break;
    if (listing && line.starts_with(" /")) folders.push_back(line.substr(1));
    if (line.starts_with("#include ")) listing = true;
  }
  return folders;
}

std::string Identity(const Toolchain& toolchain) {
  std::string identity = toolchain.version;
  for (const std::string& word : toolchain.program.argv) {
    identity += '\0' + word;
  }
  for (const ReadablePath& readable : toolchain.program.readable) {
    struct stat status = {};
    stat(readable.source.c_str(), &status);
    for (const int64_t part : {int64_t{status.st_size}, status.st_mtim.tv_sec,
                               status.st_mtim.tv_nsec}) {
      identity += ' ' + std::to_string(part);
    }
    identity += readable.path;
  }
  return identity;
}

}  // namespace

Toolchain FindToolchain(const CompilerOptions& options) {
  const std::string driver = FindProgram(options.compiler);
  Toolchain toolchain;
  toolchain.version = Split(ToolOutput({driver, "--version"}) + "\n", '\n')[0];
  SandboxProgram& program = toolchain.program;
  program.argv =
      OnlyCommand(ToolOutput(Command(driver, options, {"-###", "-S"})));
  program.environment = {"LC_ALL=C", "PATH=/nonexistent"};
  AddLoadedFiles(&program);
  const std::string search = ToolOutput(Command(driver, options, {"-E", "-v"}));
  for (const std::string& folder : HeaderFolders(search)) {
    AddReadable(folder, &program);
  }
  toolchain.identity = Identity(toolchain);
  return toolchain;
}

}  // namespace moetap
