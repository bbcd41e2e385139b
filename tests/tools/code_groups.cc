// Groups C texts by their normalised assembly, for tests that know which are
// equivalent:
//   code_groups [COMPILER [FLAG...]] < TEXTS
// Standard input: a list of texts.  Standard output: for each {"status",
// "message", "group"}, the group being the number of the first text with the
// same normalised assembly, or null if the text does not compile.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/code/assembly_text.h"
#include "analysis/code/compiler.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

CompilerOptions OptionsOf(int count, char** arguments) {
  CompilerOptions options;
  if (count > 1) options.compiler = arguments[1];
  if (count > 2) options.flags = {arguments + 2, arguments + count};
  return options;
}

Json Groups(const std::vector<Compiled>& results) {
  Json groups = Json::array();
  std::unordered_map<std::string, size_t> first;
  for (const Compiled& one : results) {
    Json group;
    if (one.status == CompileStatus::kCompiled) {
      group = first.try_emplace(NormalizeAssembly(one.assembly), groups.size())
                  .first->second;
    }
    groups.push_back({{"status", CompileStatusName(one.status)},
                      {"message", one.message},
                      {"group", std::move(group)}});
  }
  return groups;
}

Json Run(int count, char** arguments) {
  const auto texts = Json::parse(std::cin).get<std::vector<std::string>>();
  const Compiler compiler(OptionsOf(count, arguments));
  return Groups(compiler.Compile(
      std::vector<std::string_view>(texts.begin(), texts.end()), nullptr));
}

}  // namespace
}  // namespace moetap

int main(int count, char** arguments) {
  try {
    std::cout << moetap::Run(count, arguments).dump() << '\n';
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
