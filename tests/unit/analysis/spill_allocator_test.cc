#include "analysis/spill_allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>

#include "analysis/error.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kBudget = 4096;

SpillVector<uint16_t> Empty() {
  return SpillVector<uint16_t>(SpillAllocator<uint16_t>(kBudget));
}

std::string OwnMaps() {
  std::ifstream file("/proc/self/maps");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Sets TMPDIR for one test.
class SpillTest : public ::testing::Test {
 protected:
  SpillTest() {
    if (const char* value = std::getenv("TMPDIR")) before_ = value;
    SetDirectory(directory_.path());
  }
  ~SpillTest() override {
    before_ ? setenv("TMPDIR", before_->c_str(), 1) : unsetenv("TMPDIR");
  }
  static void SetDirectory(const std::filesystem::path& path) {
    setenv("TMPDIR", path.c_str(), 1);
  }
  // What asking for a file of `bytes` is answered with, "" if it is made.
  static std::string ErrorOf(size_t bytes) {
    try {
      UnmapTemporaryFile(MapTemporaryFile(bytes), bytes);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;

 private:
  std::optional<std::string> before_;
};

TEST_F(SpillTest, GrowsOutOfMemoryIntoAFileAndKeepsItsContents) {
  SpillVector<uint16_t> ids = Empty();
  for (uint16_t i = 0; i < kBudget / 2; ++i) ids.push_back(i);
  ids.shrink_to_fit();
  EXPECT_THAT(OwnMaps(), Not(HasSubstr(directory_.path().string())));
  for (uint32_t i = kBudget / 2; i < 60000; ++i) {
    ids.push_back(static_cast<uint16_t>(i));
  }
  EXPECT_THAT(OwnMaps(), HasSubstr(directory_.path().string()));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));  // has no name
  for (uint32_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], i);
  ids = Empty();
  EXPECT_THAT(OwnMaps(), Not(HasSubstr(directory_.path().string())));
}

TEST_F(SpillTest, StaysWhereItIsWhenMoved) {
  SpillVector<uint16_t> ids = Empty();
  ids.resize(kBudget);
  std::iota(ids.begin(), ids.end(), uint16_t{0});
  const uint16_t* at = ids.data();
  SpillVector<uint16_t> other = std::move(ids);
  EXPECT_EQ(other.data(), at);
  SpillVector<uint16_t> in_memory(SpillAllocator<uint16_t>(1 << 20));
  in_memory = std::move(other);
  EXPECT_EQ(in_memory.data(), at);
  EXPECT_EQ(in_memory.back(), kBudget - 1);
  const SpillVector<uint16_t> copy = in_memory;
  EXPECT_NE(copy.data(), at);
  EXPECT_EQ(copy, in_memory);
}

TEST_F(SpillTest, ReservedElementsDoNotMove) {
  SpillVector<uint16_t> ids = Empty();
  ids.reserve(100000);
  const uint16_t* at = ids.data();
  for (int i = 0; i < 1000; ++i) ids.resize(ids.size() + 100);
  EXPECT_EQ(ids.data(), at);
}

TEST_F(SpillTest, AFullDiskIsAnErrorWithTheRemedy) {
  const std::string error = ErrorOf(size_t{1} << 50);
  EXPECT_THAT(error, HasSubstr(directory_.path().string()));
  EXPECT_THAT(error, HasSubstr("No space left"));
  EXPECT_THAT(error, HasSubstr("set TMPDIR"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(SpillTest, ADirectoryThatIsNotThereIsAnError) {
  SetDirectory(directory_.path() / "none");
  EXPECT_THAT(ErrorOf(1), HasSubstr("none: "));
}

// Asked for while the file is made, not met later by whoever writes to it.
TEST_F(SpillTest, AFileThatMayNotGrowIsAnError) {
  const auto limited = [] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 16, 1 << 16};
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!ErrorOf(1 << 16).empty()) std::_Exit(1);
    std::_Exit(ErrorOf(1 << 17).find("File too large") == std::string::npos);
  };
  EXPECT_EXIT(limited(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace moetap
