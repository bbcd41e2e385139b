#include <gmock/gmock.h>

#include "analysis/studies/tree_study.h"
#include "analysis/studies/vocabulary.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EscapeLineTest, ControlsBecomeVisible) {
  EXPECT_EQ(EscapeLine("a\n\t\r\x1b[31m\x7f"), "a\\n\\t\\r\\x1b[31m\\x7f");
  EXPECT_EQ(EscapeLine("back\\slash"), "back\\\\slash");
  EXPECT_EQ(EscapeLine(std::string_view("\0", 1)), "\\x00");
}

TEST(EscapeLineTest, KeepsTextAndEscapesWhatHides) {
  EXPECT_EQ(EscapeLine("é – 漢 🙂"), "é – 漢 🙂");
  EXPECT_EQ(EscapeLine("\u202e"), "\\u{202e}");  // right-to-left override
  EXPECT_EQ(EscapeLine("\u200b"), "\\u{200b}");  // zero width
  EXPECT_EQ(EscapeLine("\u0085"), "\\x85");      // C1 control
}

TEST(EscapeLineTest, InvalidBytesBecomeVisible) {
  EXPECT_EQ(EscapeLine("\xff"), "\\xff");
  EXPECT_EQ(EscapeLine("\xe2\x82"), "\\xe2\\x82");           // cut off
  EXPECT_EQ(EscapeLine("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(EscapeLine("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(ShortenTest, CountsCharactersNotBytes) {
  EXPECT_EQ(Shorten("ééé", 3), "ééé");
  EXPECT_EQ(Shorten("éàüöß", 4), "éà…ß");
  EXPECT_EQ(Shorten("abcdefghij", 7), "abcd…ij");
}

TEST(TreeTextTest, DrawsBranchesAndEscapesRequestIds) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 3});
  AddSequence(&trace, {1, 4});
  trace.sequences[1].id = "evil\x1b[2J";
  const Forest forest = BuildForest(trace);
  const StudyDocument document = RunTree(trace, forest, {});
  const std::string text = TreeText(trace, forest, document, {}, 100);
  EXPECT_THAT(text, HasSubstr("[0..1) x2  1\n"
                              "├─ [1..3) x1  2 3  <- request-0\n"
                              "└─ [1..2) x1  4  <- evil\\x1b[2J\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(TreeText(trace, forest, document, {}, 1),
              HasSubstr("2 more nodes"));
}

TEST(TreeTextTest, DotQuotes) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  AddSequence(&trace, {1, 2, 3});
  trace.sequences[0].id = "a\"];evil[\"";
  EXPECT_THAT(TreeDot(trace, BuildForest(trace), {}),
              HasSubstr("a\\\"];evil[\\\""));
}

}  // namespace
}  // namespace moetap
