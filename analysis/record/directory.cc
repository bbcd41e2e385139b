#include "analysis/record/directory.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <system_error>

#include "analysis/error.h"

namespace moetap {
namespace fs = std::filesystem;

std::string DefaultDirectoryName(const std::string& command, std::time_t now) {
  std::string name = fs::path(command).filename().string().substr(0, 40);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') {
      c = '_';
    }
  }
  return fmt::format("moetap-{}-{:%Y%m%d-%H%M%S}",
                     name.empty() ? "command" : name, fmt::localtime(now));
}

fs::path PrepareDirectory(const fs::path& directory) {
  std::error_code error;
  const bool created = fs::create_directories(directory, error);
  if (error || !fs::is_directory(directory)) {
    throw Error(fmt::format(
        "cannot make the capture directory '{}': {}; choose another with -o",
        directory.string(), error ? error.message() : "it is a file"));
  }
  if (!created && !fs::is_empty(directory, error)) {
    throw Error(fmt::format(
        "the capture directory '{}' is not empty; a capture never mixes with "
        "other files: choose a new one with -o",
        directory.string()));
  }
  fs::permissions(directory, fs::perms::owner_all, error);
  if (error) {
    throw Error(fmt::format(
        "the capture directory '{}' cannot be made private (mode 0700): {}; "
        "choose one of your own with -o",
        directory.string(), error.message()));
  }
  return fs::canonical(directory);
}

}  // namespace moetap
