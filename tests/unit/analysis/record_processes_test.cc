#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "analysis/record/processes.h"

namespace moetap {
namespace {

TEST(ParseStat, ReadsANameWithBlanksAndParentheses) {
  const auto stat = ParseStat(
      "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 9 "
      "10 11 12 13 54321 15");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 42);
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->start, 98765u);
  EXPECT_EQ(stat->stack, 54321u);
}

TEST(ParseStat, RefusesWhatIsCutOff) {
  EXPECT_FALSE(ParseStat(""));
  EXPECT_FALSE(ParseStat("42 (name"));
  EXPECT_FALSE(ParseStat("42 (name) S 7 42"));
}

TEST(MapsFile, MatchesWholeFileNamesOnly) {
  const std::string maps =
      "7f00-7f01 r-xp 0 08:01 1 /opt/lib/libmoetap.so\n"
      "7f02-7f03 r-xp 0 08:01 2 /opt/lib/libother.so.1\n";
  EXPECT_TRUE(MapsFile(maps, "libmoetap.so"));
  EXPECT_FALSE(MapsFile(maps, "moetap.so"));
  EXPECT_FALSE(MapsFile(maps, "libother.so"));
  EXPECT_FALSE(MapsFile("", "libmoetap.so"));
}

TEST(ProcessWatch, SeesChildrenAndTheirEnd) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  ProcessWatch watch("libmoetap.so");
  const auto find = [&]() -> const Watched* {
    const auto& seen = watch.seen();
    const auto found = std::find_if(
        seen.begin(), seen.end(),
        [&](const auto& entry) { return entry.second.pid == child; });
    return found == seen.end() ? nullptr : &found->second;
  };
  watch.Look();
  ASSERT_NE(find(), nullptr);
  EXPECT_TRUE(find()->alive);
  EXPECT_FALSE(find()->loaded);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  watch.Look();
  EXPECT_FALSE(find()->alive);
  EXPECT_FALSE(watch.AnyLoaded());
}

}  // namespace
}  // namespace moetap
