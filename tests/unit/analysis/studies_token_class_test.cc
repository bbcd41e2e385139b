#include <gmock/gmock.h>

#include <numeric>
#include <string>
#include <vector>

#include "analysis/studies/token_class.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Classify(std::vector<std::string> words) {
  std::vector<uint64_t> tokens(words.size());
  std::iota(tokens.begin(), tokens.end(), uint64_t{0});
  const Vocabulary vocabulary(std::move(words));
  std::vector<std::string> names;
  for (const TokenClass one : ClassifyTokens(tokens, vocabulary)) {
    names.emplace_back(TokenClassName(one));
  }
  return names;
}

TEST(TokenClassTest, FirstByteThatIsNotBlankDecides) {
  EXPECT_THAT(Classify({" return", " x+", "+1", ";\n", "\n  "}),
              ElementsAre("keyword", "identifier", "punctuation", "punctuation",
                          "white_space"));
  EXPECT_THAT(
      Classify({"retu", "rning", "\xc3", "\xa9"}),
      ElementsAre("identifier", "identifier", "identifier", "identifier"));
}

TEST(TokenClassTest, BlanksAreWhatIsAroundThem) {
  EXPECT_THAT(Classify({"/* a", " ", "*/", " "}),
              ElementsAre("comment", "comment", "comment", "white_space"));
  EXPECT_THAT(Classify({"\"a", " ", "\"", " "}),
              ElementsAre("literal", "literal", "literal", "white_space"));
}

TEST(TokenClassTest, UnterminatedTextEnds) {
  EXPECT_THAT(Classify({"/*", "x", "\n", "x"}),
              ElementsAre("comment", "comment", "comment", "comment"));
  EXPECT_THAT(Classify({"'", "x", "\n", "x"}),
              ElementsAre("literal", "literal", "white_space", "identifier"));
  EXPECT_THAT(Classify({"\"\\"}), ElementsAre("literal"));
}

TEST(TokenClassTest, UnknownTextStartsTheLexerAnew) {
  EXPECT_THAT(Classify({"/*", "", "#", "x"}),
              ElementsAre("comment", "unknown", "punctuation", "keyword"));
  EXPECT_THAT(Classify({}), ElementsAre());
  EXPECT_THAT(ClassifyTokens(std::vector<uint64_t>{7}, {}),
              ElementsAre(TokenClass::kUnknown));
}

}  // namespace
}  // namespace moetap
