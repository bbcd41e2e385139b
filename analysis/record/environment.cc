#include "analysis/record/environment.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "analysis/error.h"
#include "analysis/output.h"

namespace moetap {

std::string AppendItem(std::string_view list, std::string_view item,
                       char separator) {
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(separator, begin), list.size());
    if (list.substr(begin, end - begin) == item) return std::string(list);
    begin = end + 1;
  }
  if (list.empty()) return std::string(item);
  return fmt::format("{}{}{}", list, separator, item);
}

std::string RandomKey() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    throw Error(
        fmt::format("cannot draw a random key: {}", std::strerror(errno)));
  }
  return Hex(bytes);
}

std::vector<Variable> CaptureVariables(const CaptureOptions& options,
                                       const std::filesystem::path& directory,
                                       const std::string& key) {
  return {{"MOETAP_DIR", directory.string()},
          {"MOETAP_TOKENS", options.tokens},
          {"MOETAP_ON_FULL", options.on_full},
          {"MOETAP_MAX_BYTES", std::to_string(options.max_bytes)},
          {"MOETAP_KEY", key}};
}

std::vector<Variable> ChildVariables(const CaptureOptions& options,
                                     const std::filesystem::path& directory,
                                     const std::string& key,
                                     const std::filesystem::path& library,
                                     const Lookup& lookup) {
  std::vector<Variable> variables = CaptureVariables(options, directory, key);
  const char* preload = lookup("LD_PRELOAD");
  variables.push_back({"LD_PRELOAD", AppendItem(preload ? preload : "",
                                                library.string(), ':')});
  if (const char* plugins = lookup("VLLM_PLUGINS")) {
    variables.push_back(
        {"VLLM_PLUGINS", AppendItem(plugins, kShimPlugin, ',')});
  }
  return variables;
}

}  // namespace moetap
