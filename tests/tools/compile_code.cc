// Compiles files as untrusted code and prints what came of each as JSON:
//   compile_code COMPILER CACHE THREADS FLAGS FILE...
// CACHE may be empty; FLAGS are separated by blanks.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "analysis/code/compiler.h"

namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

moetap::CompilerOptions OptionsOf(char** arguments) {
  moetap::CompilerOptions options;
  options.compiler = arguments[1];
  options.cache = arguments[2];
  options.threads = static_cast<unsigned>(std::stoul(arguments[3]));
  std::istringstream flags(arguments[4]);
  options.flags = {std::istream_iterator<std::string>(flags), {}};
  return options;
}

nlohmann::json Results(int count, char** arguments) {
  const moetap::Compiler compiler(OptionsOf(arguments));
  std::vector<std::string> texts;
  for (int i = 5; i < count; ++i) texts.push_back(ReadFile(arguments[i]));
  const std::vector<std::string_view> codes(texts.begin(), texts.end());
  nlohmann::json results = nlohmann::json::array();
  for (const moetap::Compiled& compiled : compiler.Compile(codes, nullptr)) {
    results.push_back({{"status", CompileStatusName(compiled.status)},
                       {"assembly", compiled.assembly},
                       {"message", compiled.message}});
  }
  return {{"version", compiler.version()},
          {"confinement", compiler.confinement()},
          {"results", results}};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) return 2;
  try {
    std::puts(Results(count, arguments).dump().c_str());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
