#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/differences.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string_view>;

// Classes of the changed lines, of both sides one after the other.
std::vector<std::string> Classes(std::string_view a, std::string_view b) {
  Interner interner;
  const CodeLines lines_a = ReadLines(a, &interner);
  const CodeLines lines_b = ReadLines(b, &interner);
  const ChangedLines changed = CompareLines(lines_a, lines_b);
  std::vector<std::string> names;
  for (const auto* side : {&changed.a, &changed.b}) {
    for (const ChangedLine& line : *side) {
      names.emplace_back(LineClassName(line.line_class));
    }
  }
  return names;
}

TEST(LineClassesTest, FirstClassThatHolds) {
  EXPECT_THAT(Classes("a;\n", "a;\n"), IsEmpty());
  EXPECT_THAT(Classes("a;\n", "\n// x\na;\n"), ElementsAre("blank", "comment"));
  EXPECT_THAT(Classes("a;\n", "  a;\n"),
              ElementsAre("white_space", "white_space"));
  EXPECT_THAT(Classes("a = 1;\n", "a = 2; // x\n"),
              ElementsAre("literal", "literal"));
  EXPECT_THAT(Classes("int a;\nlong b;\n", "long b;\nint a;\n"),
              ElementsAre("declaration_order", "declaration_order"));
}

TEST(LineClassesTest, SwallowedCodeIsChanged) {
  EXPECT_THAT(Classes("a;\n", "/*\na;\n*/\n"),
              ElementsAre("other", "comment", "comment", "comment"));
}

TEST(DifferencesTest, ComparesWithTheMostFrequentText) {
  const Differences found = CompareGroup(
      Texts{"a;\n", "b;\n", "b;\n", "b;\n// x\n", "a;\n", "\na;\n"});
  // The reference is "a;\n": as frequent as "b;\n", and smaller.
  EXPECT_EQ(found.groups, 1u);
  EXPECT_EQ(found.repeated, 2u);
  EXPECT_THAT(found.lines, ElementsAre(1, 1, 0, 0, 4, 0, 0));
  EXPECT_EQ(found.texts, 3u);
  EXPECT_EQ(found.remark_texts, 1u);
  EXPECT_EQ(found.pairs, 6u);
  EXPECT_EQ(found.remark_pairs, 2u);
  EXPECT_EQ(found.remark_line_share(), 2.0 / 6);
}

TEST(DifferencesTest, NothingOfNothingIsNone) {
  const Differences found = CompareGroup(Texts{"a;\n", "a;\n"});
  EXPECT_EQ(found.groups, 0u);
  EXPECT_EQ(found.single, 1u);
  EXPECT_EQ(found.repeated, 1u);
  EXPECT_EQ(found.remark_line_share(), std::nullopt);
  EXPECT_EQ(found.remark_text_share(), std::nullopt);
  EXPECT_EQ(found.remark_pair_share(), std::nullopt);
  EXPECT_EQ(CompareGroup({}).single, 0u);
}

TEST(DifferencesTest, Adds) {
  Differences sum = CompareGroup(Texts{"a;\n", "b;\n"});
  sum += CompareGroup(Texts{"a;\n", "a;\n\n"});
  sum += CompareGroup(Texts{"a;\n"});
  EXPECT_EQ(sum.groups, 2u);
  EXPECT_EQ(sum.single, 1u);
  EXPECT_EQ(sum.changed_lines(), 3u);
  EXPECT_EQ(sum.texts, 2u);
  EXPECT_EQ(sum.remark_texts, 1u);
  EXPECT_EQ(sum.remark_pairs, 1u);
}

}  // namespace
}  // namespace moetap
