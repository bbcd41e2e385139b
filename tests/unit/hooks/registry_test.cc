#include "hooks/registry.h"

#include <cxxabi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>

namespace moetap {
namespace {

std::string Demangled(const char* symbol) {
  int status = 0;
  std::unique_ptr<char, decltype(&free)> text(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &free);
  return status == 0 ? text.get() : "";
}

TEST(Registry, SymbolsAreOfTheirBaseNames) {
  for (const HookRow* row : AllHooks()) {
    EXPECT_EQ(Demangled(row->symbol).find(std::string(row->base_name) + "("),
              0u)
        << row->symbol;
  }
}

TEST(Registry, SymbolsAreDistinct) {
  std::set<std::string> symbols;
  for (const HookRow* row : AllHooks()) symbols.insert(row->symbol);
  EXPECT_EQ(symbols.size(), AllHooks().size());
  EXPECT_GE(symbols.size(), 3u);
}

TEST(Registry, EveryRowSaysWhereItWasRead) {
  for (const HookRow* row : AllHooks()) {
    EXPECT_STRNE(row->engine, "");
    EXPECT_STRNE(row->versions, "");
  }
}

}  // namespace
}  // namespace moetap
