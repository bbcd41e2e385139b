#include <gmock/gmock.h>

#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

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

}  // namespace
}  // namespace moetap
