#include "analysis/code/code_alignment.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<uint64_t> Letters(std::string_view text) {
  return {text.begin(), text.end()};
}

IndexPairs Edit(std::string_view a, std::string_view b) {
  return LeastEdit(Letters(a), Letters(b), Unequal::kPaired);
}

IndexPairs Subsequence(std::string_view a, std::string_view b) {
  return LeastEdit(Letters(a), Letters(b), Unequal::kSkipped);
}

TEST(LeastEdit, PairsUnequalElementsOnlyWhereAsked) {
  EXPECT_THAT(Edit("ab", "cd"), ElementsAre(Pair(0, 0), Pair(1, 1)));
  EXPECT_THAT(Subsequence("ab", "cd"), IsEmpty());
  EXPECT_THAT(Subsequence("xab", "ayb"), ElementsAre(Pair(1, 0), Pair(2, 2)));
}

TEST(LeastEdit, PairsAtTheLeft) {
  EXPECT_THAT(Edit("a", "aa"), ElementsAre(Pair(0, 0)));
  EXPECT_THAT(Edit("a", "bc"), ElementsAre(Pair(0, 0)));
  EXPECT_THAT(Subsequence("aa", "a"), ElementsAre(Pair(0, 0)));
}

TEST(LeastEdit, SkipsTheFirstListWhereNeitherPairs) {
  EXPECT_THAT(Subsequence("ab", "ba"), ElementsAre(Pair(1, 0)));
}

TEST(LeastEdit, TakesEmptyLists) {
  EXPECT_THAT(Edit("", "ab"), IsEmpty());
  EXPECT_THAT(Subsequence("ab", ""), IsEmpty());
}

// A function of one-letter instructions, each on the line of its digit.
AssemblyFunction Function(std::string_view letters, std::string_view lines) {
  AssemblyFunction function;
  for (size_t i = 0; i < letters.size(); ++i) {
    function.instructions.push_back(
        {std::string(1, letters[i]), static_cast<uint32_t>(lines[i] - '0')});
  }
  return function;
}

using Functions = std::vector<AssemblyFunction>;

LinePairs Lines(const Functions& a, const Functions& b) {
  InstructionNumbers numbers;
  const LinedCode code_a = NumberInstructions(a, 9, &numbers);
  const LinedCode code_b = NumberInstructions(b, 9, &numbers);
  return AlignLines(code_a, code_b).value();
}

TEST(AlignLines, KeepsTheOrderWithTheMostInstructions) {
  // In the source, the line of `a` comes before that of `bc` on one side only.
  EXPECT_THAT(Lines({Function("abc", "122")}, {Function("abc", "211")}),
              ElementsAre(Pair(2, 1)));
}

TEST(AlignLines, MatchesALineOnce) {
  EXPECT_THAT(Lines({Function("abc", "111")}, {Function("abc", "122")}),
              ElementsAre(Pair(1, 2)));
}

TEST(AlignLines, TakesTheSmallerLineOfEqualOnes) {
  EXPECT_THAT(Lines({Function("ab", "11")}, {Function("ab", "12")}),
              ElementsAre(Pair(1, 1)));
  EXPECT_THAT(Lines({Function("ab", "12")}, {Function("ab", "11")}),
              ElementsAre(Pair(1, 1)));
  EXPECT_THAT(Lines({Function("ab", "12")}, {Function("ab", "21")}),
              ElementsAre(Pair(1, 2)));
}

TEST(AlignLines, AddsUpOverFunctionsOfEqualOrdinal) {
  // The first functions alone would match line 1 with line 2.
  EXPECT_THAT(Lines({Function("ab", "11"), Function("cde", "111")},
                    {Function("ab", "22"), Function("cde", "333")}),
              ElementsAre(Pair(1, 3)));
  EXPECT_THAT(Lines({Function("a", "1"), Function("b", "2")},
                    {Function("b", "1"), Function("a", "2")}),
              IsEmpty());
}

TEST(AlignLines, LeavesOutInstructionsWithoutALineOfTheSource) {
  EXPECT_THAT(Lines({Function("ab", "01")}, {Function("ab", "12")}),
              ElementsAre(Pair(1, 2)));
  InstructionNumbers numbers;
  const LinedCode code =
      NumberInstructions({Function("ab", "13")}, 2, &numbers);
  EXPECT_THAT(code.front().lines, ElementsAre(1, 0));
}

TEST(AlignLines, RefusesCodesThatAreTooLong) {
  const uint64_t side = uint64_t{1} << 13;
  const LinedCode code = {
      {std::vector<uint64_t>(side, 1), std::vector<uint32_t>(side, 1)}};
  EXPECT_GT(LineCells(code, code), kMostAlignedCells);
  EXPECT_FALSE(AlignLines(code, code));
}

TEST(AlignTokens, CountsEachCause) {
  const std::vector<uint64_t> ids_a = {5, 6, 7, 8, 9};
  const std::vector<uint32_t> lines_a = {1, 0, 1, 1, 2};
  const std::vector<uint64_t> ids_b = {5, 8, 0, 9, 9};
  const std::vector<uint32_t> lines_b = {3, 3, 0, 4, 5};
  const auto aligned =
      AlignTokens({ids_a, lines_a}, {ids_b, lines_b}, {{1, 3}, {3, 4}});
  ASSERT_TRUE(aligned);
  EXPECT_THAT(aligned->pairs, ElementsAre(Pair(0, 0), Pair(3, 1)));
  EXPECT_EQ(aligned->no_line, 2u);
  EXPECT_EQ(aligned->gaps, 2u);  // 7, and the 9 whose line has no tokens in a
  EXPECT_EQ(aligned->unmatched_line, 2u);
}

TEST(AlignTokens, PairsUnequalTokensOfMatchedLines) {
  const std::vector<uint64_t> ids_a = {1, 2};
  const std::vector<uint64_t> ids_b = {1, 3};
  const std::vector<uint32_t> lines = {1, 1};
  const auto aligned = AlignTokens({ids_a, lines}, {ids_b, lines}, {{1, 1}});
  ASSERT_TRUE(aligned);
  EXPECT_THAT(aligned->pairs, ElementsAre(Pair(0, 0), Pair(1, 1)));
}

TEST(AlignTokens, RefusesLinesThatAreTooLong) {
  const size_t side = size_t{1} << 13;
  const std::vector<uint64_t> ids(side, 1);
  const std::vector<uint32_t> lines(side, 1);
  EXPECT_FALSE(AlignTokens({ids, lines}, {ids, lines}, {{1, 1}}));
}

}  // namespace
}  // namespace moetap
