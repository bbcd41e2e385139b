#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/complete_prefix.h"

namespace moetap {
namespace {

using testing::ElementsAre;

// Every complete prefix of a code.
std::vector<std::string> Prefixes(std::string_view code) {
  std::vector<std::string> prefixes;
  for (const StatementEnd& end : StatementEnds(code)) {
    prefixes.push_back(CloseBraces(code, end));
  }
  return prefixes;
}

TEST(CompletePrefixTest, EndsBehindStatementsAndBlocks) {
  EXPECT_THAT(
      Prefixes("int f() { int a; if (a) { a = 1; } re"),
      ElementsAre("int f() { int a;}\n", "int f() { int a; if (a) { a = 1;}}\n",
                  "int f() { int a; if (a) { a = 1; }}\n"));
}

TEST(CompletePrefixTest, ASemicolonInParenthesesEndsNothing) {
  EXPECT_THAT(Prefixes("{ for (int i = 0; i < n; i++) x"), ElementsAre());
  EXPECT_THAT(Prefixes("{ for (;;) x;"), ElementsAre("{ for (;;) x;}\n"));
}

TEST(CompletePrefixTest, WhatStandsInTextAndCommentsIsNoCode) {
  EXPECT_THAT(Prefixes("a = \";{\"; // ;}\nb /* ; */ = '}'"),
              ElementsAre("a = \";{\";\n"));
}

TEST(CompletePrefixTest, BracesThatWereNeverOpenAreNotCounted) {
  EXPECT_THAT(Prefixes("} { a;"), ElementsAre("}\n", "} { a;}\n"));
}

TEST(CompletePrefixTest, NothingIsCompleteInNothing) {
  EXPECT_THAT(Prefixes(""), ElementsAre());
  EXPECT_THAT(Prefixes("int a"), ElementsAre());
}

}  // namespace
}  // namespace moetap
