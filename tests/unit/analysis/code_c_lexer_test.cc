#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/c_lexer.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "kind spelling" of each token.
std::vector<std::string> Lex(std::string_view text) {
  std::vector<std::string> result;
  for (const CToken& token : LexC(text)) {
    result.push_back(std::string(CTokenKindName(token.kind)) + " " +
                     token.spelling);
  }
  return result;
}

TEST(CLexerTest, NamesEveryKind) {
  EXPECT_THAT(Lex("#include <a.h>\nint x = 1.5e+3f; // c\nu8\"s\" L'c' @"),
              ElementsAre("punctuator #", "keyword include", "header <a.h>",
                          "keyword int", "identifier x", "punctuator =",
                          "number 1.5e+3f", "punctuator ;", "comment // c",
                          "string u8\"s\"", "character L'c'", "other @"));
}

TEST(CLexerTest, TakesTheLongestPunctuator) {
  EXPECT_THAT(Lex("a+++++b"),
              ElementsAre("identifier a", "punctuator ++", "punctuator ++",
                          "punctuator +", "identifier b"));
  EXPECT_THAT(Lex("x>>=->...."),
              ElementsAre("identifier x", "punctuator >>=", "punctuator ->",
                          "punctuator ...", "punctuator ."));
  EXPECT_THAT(Lex("%:%:<:%>"),
              ElementsAre("punctuator %:%:", "punctuator <:", "punctuator %>"));
}

TEST(CLexerTest, SplicesJoinTokens) {
  const std::vector<CToken> tokens = LexC("re\\\nturn\\ \t\r\n1;");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].spelling, "return1");
  EXPECT_EQ(tokens[0].begin, 0u);
  EXPECT_EQ(tokens[0].end, 14u);
  EXPECT_THAT(Lex("/\\\n/ a\\\nb\nc"),
              ElementsAre("comment // ab", "identifier c"));
  EXPECT_THAT(Lex("/\\\n* a *\\\n/ b"),
              ElementsAre("comment /* a */", "identifier b"));
  EXPECT_THAT(Lex("\\\n\\\n"), IsEmpty());
}

TEST(CLexerTest, CommentsAndLiteralsHideEachOther) {
  EXPECT_THAT(
      Lex("\"/*\" '//' /* \" */"),
      ElementsAre("string \"/*\"", "character '//'", "comment /* \" */"));
  EXPECT_THAT(Lex("\"\\\"//\" x"),
              ElementsAre("string \"\\\"//\"", "identifier x"));
}

TEST(CLexerTest, UnterminatedTokensEnd) {
  EXPECT_THAT(Lex("/*/ x\n y"), ElementsAre("comment /*/ x\n y"));
  EXPECT_THAT(Lex("don't x\ny"),
              ElementsAre("identifier don", "character 't x", "identifier y"));
  EXPECT_THAT(Lex("\"\\"), ElementsAre("string \"\\"));
  EXPECT_THAT(Lex("\\"), ElementsAre("other \\"));
}

TEST(CLexerTest, HeadersAreOnlyInIncludes) {
  EXPECT_THAT(Lex("#import \"a\\\"\n# /**/ include_next <b//c>"),
              ElementsAre("punctuator #", "keyword import", "header \"a\\\"",
                          "punctuator #", "comment /**/",
                          "keyword include_next", "header <b//c>"));
  EXPECT_THAT(Lex("#if a <b>\n"),
              ElementsAre("punctuator #", "keyword if", "identifier a",
                          "punctuator <", "identifier b", "punctuator >"));
  EXPECT_THAT(Lex("#include <a\n"),
              ElementsAre("punctuator #", "keyword include", "punctuator <",
                          "identifier a"));
}

TEST(CLexerTest, WordsHaveAnyByteOfText) {
  EXPECT_THAT(Lex("\xc3\xa9$\\u00e9\\U0001F600 1\\u00e9 \\u12"),
              ElementsAre("identifier \xc3\xa9$\\u00e9\\U0001F600",
                          "number 1\\u00e9", "other \\", "identifier u12"));
}

TEST(CLexerTest, MarksTheLastTokenOfADirective) {
  std::vector<std::string> last;
  for (const CToken& token :
       LexC("a\n#define A 1 /* \n */ // c\nb # c\n %: \n#undef \\\n A")) {
    if (token.ends_directive) last.push_back(token.spelling);
  }
  EXPECT_THAT(last, ElementsAre("1", "%:", "A"));
}

TEST(CLexerTest, HasNothingForNothing) { EXPECT_THAT(Lex(""), IsEmpty()); }

}  // namespace
}  // namespace moetap
