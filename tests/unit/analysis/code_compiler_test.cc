#include <gmock/gmock.h>

#include <atomic>

#include "analysis/code/compiler.h"
#include "analysis/error.h"

namespace moetap {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

CompilerOptions With(std::vector<std::string> flags, unsigned threads = 1) {
  CompilerOptions options;
  options.flags = std::move(flags);
  options.threads = threads;
  return options;
}

Compiled CompileOne(const Compiler& compiler, std::string_view code) {
  return compiler.Compile({&code, 1}, nullptr).at(0);
}

TEST(CompilerTest, TellsWhyThereIsNoAssembly) {
  const Compiler compiler(With({"-O0"}));
  const struct {
    const char* code;
    CompileStatus status;
  } kCases[] = {
      {"", CompileStatus::kCompiled},
      {"#include <stdio.h>\nint f(void) { return puts(\"a\"); }\n",
       CompileStatus::kCompiled},
      {"int f(void) { return 1 }", CompileStatus::kSyntax},
      {"int f(void) {", CompileStatus::kSyntax},
      {"```c\nint f(void);\n```", CompileStatus::kSyntax},
      {"int f(void) { return y; }", CompileStatus::kSemantic},
      {"int f; int f(void) { return 1; }", CompileStatus::kSemantic},
      {"#error expected nothing", CompileStatus::kSemantic},
      {"#include \"mine.h\"", CompileStatus::kInclude},
      {"#include </etc/passwd>", CompileStatus::kInclude},
  };
  for (const auto& one : kCases) {
    const Compiled compiled = CompileOne(compiler, one.code);
    EXPECT_EQ(compiled.status, one.status) << one.code << compiled.message;
    EXPECT_EQ(compiled.message.empty(), one.status == CompileStatus::kCompiled);
    EXPECT_EQ(compiled.assembly.empty(),
              one.status != CompileStatus::kCompiled);
  }
}

TEST(CompilerTest, LongCodesAreNotStarted) {
  const Compiler compiler(With({"-O0"}));
  const std::string blank(kMaxCodeBytes, ' ');
  EXPECT_EQ(CompileOne(compiler, blank).status, CompileStatus::kCompiled);
  EXPECT_EQ(CompileOne(compiler, blank + " ").status, CompileStatus::kOutput);
}

TEST(CompilerTest, ResultsAreInOrderWhateverTheThreads) {
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) {
    texts.push_back("int f" + std::to_string(i % 20) + "(void) { return 1; }");
  }
  const std::vector<std::string_view> codes(texts.begin(), texts.end());
  std::atomic<uint64_t> done = 0;
  const auto one = Compiler(With({"-O0"})).Compile(codes, nullptr);
  const auto three =
      Compiler(With({"-O0"}, 3)).Compile(codes, [&done](uint64_t codes_done) {
        done += codes_done;
      });
  EXPECT_EQ(done, 30u);
  ASSERT_EQ(three.size(), 30u);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_THAT(one[i].assembly, HasSubstr("f" + std::to_string(i % 20) + ":"));
    EXPECT_EQ(one[i].assembly, three[i].assembly);
  }
}

TEST(CompilerTest, TakesFlags) {
  const std::string_view code = "int f(int a) { return a * 2; }\n";
  EXPECT_THAT(CompileOne(Compiler(With({"-O0", "-g"})), code).assembly,
              HasSubstr(".loc"));
  const auto size_with = [&](const char* flag) {
    return CompileOne(Compiler(With({flag})), code).assembly.size();
  };
  EXPECT_LT(size_with("-O2"), size_with("-O0"));
}

TEST(CompilerTest, RefusesWhatItCannotUse) {
  CompilerOptions options;
  options.compiler = "/nonexistent/gcc";
  EXPECT_THROW(Compiler{options}, Error);
  options.compiler = "moetap-has-no-such-compiler";
  EXPECT_THROW(Compiler{options}, Error);
  options.compiler = "/bin/true";
  EXPECT_THROW(Compiler{options}, Error);
  EXPECT_THROW(Compiler(With({"@file"})), Error);
  EXPECT_THROW(Compiler(With({"-save-temps"})), Error);
  EXPECT_THROW(Compiler(With({"-no-such-flag"})), Error);
}

TEST(CompilerTest, NamesWhatConfinesIt) {
  const Compiler compiler(With({"-O0"}));
  EXPECT_THAT(compiler.confinement(), Contains("rlimits"));
  EXPECT_THAT(compiler.version(), HasSubstr("gcc"));
}

}  // namespace
}  // namespace moetap
