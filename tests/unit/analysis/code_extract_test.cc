#include <gmock/gmock.h>

#include "analysis/code/extract.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

constexpr std::nullopt_t kNothing = std::nullopt;

// The code, after a check that its segments say where it comes from.
std::string Extract(std::string_view text, ExtractRule rule,
                    size_t prompt_bytes = 0) {
  const auto code = ExtractCode(text, prompt_bytes, rule);
  if (!code) return "none";
  std::string again;
  for (const CodeSegment& segment : code->segments) {
    EXPECT_EQ(segment.code, again.size());
    again += text.substr(segment.text, segment.length);
  }
  EXPECT_EQ(again, code->text);
  return code->text;
}

std::string Auto(std::string_view text, size_t prompt_bytes = 0) {
  return Extract(text, ExtractRule::kAuto, prompt_bytes);
}

TEST(ExtractCodeTest, BlockAmongText) {
  EXPECT_EQ(Auto("Sure:\n```c\nint a;\n```\nThis is a."), "int a;\n");
  EXPECT_EQ(Auto("```C\nint a;\n```"), "int a;\n");
  EXPECT_EQ(Auto("```cpp\nint a;\n```"), "int a;\n");
  EXPECT_EQ(Auto("```c title=\"a.c\"\nint a;\n```"), "int a;\n");
  EXPECT_EQ(Auto("```\nint a;\n```"), "int a;\n");
  EXPECT_EQ(Auto("~~~ c\nint a;\n~~~\n"), "int a;\n");
  EXPECT_EQ(Auto("1. So:\n   ```c\r\n   int a;\r\n   ```\r\n"),
            "   int a;\r\n");
}

TEST(ExtractCodeTest, FencesCloseOnlyTheirOwnKind) {
  EXPECT_EQ(Auto("````c\n// ```\n```\nint a;\n````"), "// ```\n```\nint a;\n");
  EXPECT_EQ(Auto("~~~\n```\n~~~"), "```\n");
  EXPECT_EQ(Auto("```c\nint a;\n``` not\n"), "int a;\n``` not\n");
}

TEST(ExtractCodeTest, FenceOnOneLineIsText) {
  EXPECT_EQ(Auto("```int a;```\nint b;"), "```int a;```\nint b;");
}

TEST(ExtractCodeTest, LastBlockMayLackItsEnd) {
  EXPECT_EQ(Auto("```c\nint a;\nint"), "int a;\nint");
  EXPECT_EQ(Auto("```c"), "none");
}

TEST(ExtractCodeTest, LongestBlockOfCElseLongestUnnamed) {
  EXPECT_EQ(Auto("```c\nint a;\n```\n```c\nint abc;\n```\n```c\nint xyz;\n```"),
            "int abc;\n");
  EXPECT_EQ(Auto("```\nmuch longer output\n```\n```c\nint a;\n```\n"),
            "int a;\n");
  EXPECT_EQ(Auto("```python\nx = 1\n```\n```\nint a;\n```\n"), "int a;\n");
  EXPECT_EQ(Auto("```sh\ngcc a.c\n```\n"), "none");
}

TEST(ExtractCodeTest, BareIsTheWholeText) {
  EXPECT_EQ(Auto("int f(void) {\n  return 1;\n}"),
            "int f(void) {\n  return 1;\n}");
  EXPECT_EQ(Extract("```c\nint a;\n```", ExtractRule::kBare),
            "```c\nint a;\n```");
  EXPECT_EQ(Extract("int a;", ExtractRule::kFenced), "none");
  EXPECT_EQ(Auto(" \n\t"), "none");
  EXPECT_EQ(Auto(""), "none");
}

TEST(ExtractCodeTest, BlockThatThePromptOpensGoesOn) {
  const std::string prompt = "Write f.\n```c\nint f(";
  EXPECT_EQ(Auto(prompt + "void);\n```\nDone.", prompt.size()),
            "int f(void);\n");
  const std::string opened = "Write f.\n```c\n";
  EXPECT_EQ(Auto(opened + "int f;\n```\n", opened.size()), "int f;\n");
}

TEST(ExtractCodeTest, BlocksOfThePromptAreNoAnswer) {
  const std::string prompt = "Improve\n```c\nint long_name;\n```\n";
  EXPECT_EQ(Auto(prompt + "```c\nint a;\n```", prompt.size()), "int a;\n");
  EXPECT_EQ(Extract(prompt + "No.", ExtractRule::kFenced, prompt.size()),
            "none");
}

Sequence Tokens(std::vector<uint64_t> tokens, uint32_t prompt,
                const char* finish) {
  Sequence sequence;
  sequence.tokens = std::move(tokens);
  sequence.prompt_tokens = prompt;
  sequence.finish_reason = finish;
  return sequence;
}

TEST(TextOfTest, PutsTokensTogether) {
  const Vocabulary vocabulary({"int", " ", "a;\n", "", "<end>"});
  const SequenceText text = TextOf(Tokens({0, 1, 2}, 1, "stop"), vocabulary);
  EXPECT_EQ(text.bytes, "int a;\n");
  EXPECT_THAT(text.first, ElementsAre(0, 3, 4, 7));
  EXPECT_TRUE(text.known);
}

TEST(TextOfTest, EndTokenHasNoBytes) {
  const Vocabulary vocabulary({"int", "<end>", "", "<stdio.h> "});
  for (const uint64_t end : {1, 2, 99}) {
    const SequenceText text = TextOf(Tokens({0, end}, 1, "stop"), vocabulary);
    EXPECT_EQ(text.bytes, "int");
    EXPECT_THAT(text.first, ElementsAre(0, 3, 3));
    EXPECT_TRUE(text.known);
  }
  EXPECT_EQ(TextOf(Tokens({0, 3}, 1, "stop"), vocabulary).bytes,
            "int<stdio.h> ");
  EXPECT_EQ(TextOf(Tokens({0, 1}, 1, "length"), vocabulary).bytes, "int<end>");
  EXPECT_EQ(TextOf(Tokens({1, 0}, 1, "stop"), vocabulary).bytes, "<end>int");
  EXPECT_EQ(TextOf(Tokens({0, 1}, 2, "stop"), vocabulary).bytes, "int<end>");
}

TEST(TextOfTest, TokensOfUnknownText) {
  const Vocabulary vocabulary({"int", ""});
  EXPECT_FALSE(TextOf(Tokens({1, 0}, 1, "stop"), vocabulary).known);
  EXPECT_FALSE(TextOf(Tokens({0, 1}, 1, "length"), vocabulary).known);
  EXPECT_TRUE(TextOf(Tokens({}, 0, ""), vocabulary).known);
}

TEST(CodeBytesTest, FirstByteThatIsNotBlank) {
  const Vocabulary vocabulary({"```c\n", " int", "  ", "\n\n a", ";\n", "```"});
  const SequenceText text =
      TextOf(Tokens({0, 1, 2, 3, 4, 5}, 0, "stop"), vocabulary);
  const auto code = ExtractCode(text.bytes, 0, ExtractRule::kAuto);
  ASSERT_EQ(code->text, " int  \n\n a;\n");
  EXPECT_THAT(CodeBytes(*code, text),
              ElementsAre(kNothing, 1u, kNothing, 9u, 10u, kNothing));
}

}  // namespace
}  // namespace moetap
