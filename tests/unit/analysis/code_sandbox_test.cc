#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <thread>

#include "analysis/code/program_files.h"
#include "analysis/code/sandbox.h"
#include "analysis/error.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Runs tests/tools/sandbox_probe in each confinement that there is.
class SandboxTest : public ::testing::TestWithParam<Confinement> {
 protected:
  void SetUp() override {
    program_.argv = {MOETAP_SANDBOX_PROBE};
    program_.environment = {"LC_ALL=C"};
    AddLoadedFiles(&program_);
    program_.limits.cpu_seconds = 2;
    program_.limits.output_bytes = size_t{1} << 20;
    try {
      sandbox_ = std::make_unique<Sandbox>(program_, GetParam());
    } catch (const Error& refusal) {
      GTEST_SKIP() << refusal.what();
    }
  }

  std::string Attempt(const std::string& attempt) {
    return Lines(sandbox_->Run(attempt + "\n").output).at(0);
  }

  SandboxProgram program_;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_P(SandboxTest, ReadsOnlyTheProgramsFiles) {
  EXPECT_EQ(Attempt(std::string("read ") + MOETAP_SANDBOX_PROBE), "ok");
  for (const char* path : {"/etc/passwd", "/proc/self/environ", "/dev/zero",
                           "/dev/null", "/proc/1/maps", "/bin/sh"}) {
    EXPECT_THAT(Attempt(std::string("read ") + path),
                ::testing::AnyOf("ENOENT", "EACCES"))
        << path;
  }
  EXPECT_THAT(Attempt("exec /bin/sh"), ::testing::AnyOf("ENOENT", "EACCES"));
}

TEST_P(SandboxTest, WritesNowhere) {
  for (const char* path : {"/new", "/tmp/moetap-new", MOETAP_SANDBOX_PROBE}) {
    EXPECT_THAT(Attempt(std::string("write ") + path),
                ::testing::AnyOf("EROFS", "ENOENT", "EACCES", "ETXTBSY"))
        << path;
  }
  EXPECT_NE(access("/new", F_OK), 0);
  EXPECT_NE(access("/tmp/moetap-new", F_OK), 0);
}

TEST_P(SandboxTest, HasNoPrivileges) {
  EXPECT_EQ(Attempt("capabilities"), "ok");
  EXPECT_EQ(Attempt("privileges"), "ok");
  EXPECT_EQ(Attempt("raise"), "EPERM");
}

TEST_P(SandboxTest, RefusesSystemCalls) {
  if (!SeccompAvailable()) GTEST_SKIP() << "the kernel has no seccomp";
  for (const char* call : {"fork", "socket", "trace", "mount", "unshare"}) {
    EXPECT_EQ(Attempt(call), "EPERM") << call;
  }
  EXPECT_EQ(Attempt("kill " + std::to_string(getpid())), "EPERM");
  EXPECT_EQ(Attempt("kill 1"), "EPERM");
}

TEST_P(SandboxTest, InheritsNothing) {
  setenv("CPATH", "/secret", 1);
  const Sandbox other(program_, GetParam());
  const std::vector<std::string> environment =
      Lines(sandbox_->Run("environment\n").output);
  EXPECT_THAT(environment,
              ElementsAre("LC_ALL=C", StartsWith("LD_LIBRARY_PATH="), "ok"));
  EXPECT_THAT(Lines(sandbox_->Run("descriptors\n").output),
              ElementsAre("0", "1", "2", "ok"));
}

TEST_P(SandboxTest, EndsAtEachLimit) {
  EXPECT_TRUE(sandbox_->Run("spin\n").timed_out);
  EXPECT_TRUE(sandbox_->Run("flood 1\n").too_long);
  EXPECT_TRUE(sandbox_->Run("flood 2\n").too_long);
  EXPECT_EQ(Attempt("allocate 2000"), "ENOMEM");
  EXPECT_EQ(Attempt("allocate 100"), "ok");
}

TEST_P(SandboxTest, GoesOnAfterOneThatSlept) {
  program_.limits.wall_seconds = 1;
  EXPECT_TRUE(sandbox_->Run("sleep 1000\n").timed_out);
  program_.limits.wall_seconds = 30;
  const SandboxRun run = sandbox_->Run("privileges\n");
  EXPECT_FALSE(run.timed_out);
  EXPECT_EQ(run.output, "ok\n");
}

TEST_P(SandboxTest, TellsHowTheProgramEnded) {
  EXPECT_EQ(sandbox_->Run("").wait_status, 0);
  EXPECT_TRUE(WIFSIGNALED(sandbox_->Run("die\n").wait_status));
  EXPECT_THAT(sandbox_->Run("").output, IsEmpty());
}

TEST_P(SandboxTest, ThreadsHaveTheirOwn) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      Sandbox own(program_, GetParam());
      for (int run = 0; run < 5; ++run) {
        EXPECT_EQ(own.Run("privileges\n").output, "ok\n");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(SandboxTest, LeavesNoProcess) {
  sandbox_.reset();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_P(SandboxTest, SaysWhatCannotBeStarted) {
  program_.argv = {"/nonexistent/compiler"};
  Sandbox missing(program_, GetParam());
  EXPECT_THROW(missing.Run(""), Error);
}

INSTANTIATE_TEST_SUITE_P(, SandboxTest,
                         ::testing::Values(Confinement::kNamespaces,
                                           Confinement::kLandlock),
                         [](const auto& of) {
                           return std::string(ConfinementName(of.param));
                         });

}  // namespace
}  // namespace moetap
