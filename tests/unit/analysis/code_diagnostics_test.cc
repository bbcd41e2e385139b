#include <gtest/gtest.h>

#include <csignal>

#include "analysis/code/diagnostics.h"

namespace moetap {
namespace {

CompileStatus StatusOfMessages(const char* messages) {
  return StatusOfError(FirstError(messages));
}

TEST(DiagnosticsTest, TakesTheFirstError) {
  EXPECT_EQ(FirstError("<stdin>: In function 'f':\n"
                       "<stdin>:1:2: note: error\n"
                       "<stdin>:3:5: error: expected ';' before '}' token\n"
                       "<stdin>:4:5: error: stray '@' in program\n"),
            "3:5: error: expected ';' before '}' token");
  EXPECT_EQ(FirstError("a.h:3: fatal error: x: No such file or directory"),
            "a.h:3: fatal error: x: No such file or directory");
  EXPECT_EQ(FirstError("nothing known\nat all\n"), "nothing known");
  EXPECT_EQ(FirstError(""), "");
}

TEST(DiagnosticsTest, FollowsTheRules) {
  const struct {
    const char* messages;
    CompileStatus status;
  } kCases[] = {
      {"x:1:1: error: expected ';'", CompileStatus::kSyntax},
      {"x:1:1: error: unterminated #if", CompileStatus::kSyntax},
      {"x:1:1: error: missing terminating \" character",
       CompileStatus::kSyntax},
      {"x:1:1: error: unknown type name 'y'", CompileStatus::kSemantic},
      {"x:1:1: error: redefinition of 'expected '", CompileStatus::kSemantic},
      {"x:1:1: error: #error y: No such file or directory",
       CompileStatus::kSemantic},
      {"x:1:1: fatal error: y: No such file or directory",
       CompileStatus::kInclude},
      {"x:1:1: fatal error: /etc/passwd: Permission denied",
       CompileStatus::kInclude},
      {"x:1:1: fatal error: 'y' file not found", CompileStatus::kInclude},
      {"cc1: out of memory allocating 8 bytes after a total of 9 bytes",
       CompileStatus::kMemory},
      {"virtual memory exhausted: Cannot allocate memory",
       CompileStatus::kMemory},
      {"LLVM ERROR: out of memory", CompileStatus::kMemory},
      {"x:1:1: internal compiler error: Segmentation fault",
       CompileStatus::kCrash},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(StatusOfMessages(one.messages), one.status) << one.messages;
  }
}

SandboxRun Ended(int wait_status, const char* errors) {
  SandboxRun run;
  run.wait_status = wait_status;
  run.output = "text";
  run.errors = errors;
  return run;
}

TEST(DiagnosticsTest, HowARunEndedComesFirst) {
  constexpr int kFailed = 1 << 8;
  EXPECT_EQ(CompiledOf(Ended(0, "x: error: expected")).assembly, "text");
  EXPECT_EQ(CompiledOf(Ended(kFailed, "x: error: expected ")).status,
            CompileStatus::kSyntax);
  EXPECT_EQ(CompiledOf(Ended(kFailed, "x: error: expected ")).assembly, "");
  EXPECT_EQ(CompiledOf(Ended(kFailed, "")).status, CompileStatus::kCrash);
  EXPECT_EQ(CompiledOf(Ended(SIGSEGV, "")).status, CompileStatus::kCrash);
  EXPECT_EQ(CompiledOf(Ended(SIGKILL, "")).status, CompileStatus::kMemory);
  SandboxRun late = Ended(0, "");
  late.timed_out = true;
  EXPECT_EQ(CompiledOf(late).status, CompileStatus::kTime);
  SandboxRun longer = Ended(0, "");
  longer.too_long = true;
  EXPECT_EQ(CompiledOf(longer).status, CompileStatus::kOutput);
  EXPECT_EQ(CompiledOf(longer).assembly, "");
}

TEST(DiagnosticsTest, MessagesAreSafeToPrint) {
  EXPECT_EQ(CompiledOf(Ended(1 << 8, "x: error: a\x1b[2J\n")).message,
            "x: error: a\\x1b[2J");
}

}  // namespace
}  // namespace moetap
