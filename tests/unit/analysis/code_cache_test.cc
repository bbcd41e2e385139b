#include "analysis/code/code_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "analysis/error.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

const Compiled kAnswer = {CompileStatus::kCompiled, "f:\n\tret\n", ""};

class CodeCacheTest : public ::testing::Test {
 protected:
  CodeCacheTest() {
    std::string name = fs::temp_directory_path() / "moetap-cache-XXXXXX";
    folder_ = fs::path(mkdtemp(name.data())) / "codes";
  }
  ~CodeCacheTest() override { fs::remove_all(folder_.parent_path()); }

  std::vector<fs::path> Entries() const {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_directory()) entries.push_back(entry.path());
    }
    return entries;
  }

  fs::path folder_;
};

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Replace(const fs::path& path, const std::string& contents) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

TEST_F(CodeCacheTest, FindsWhatWasAdded) {
  CodeCache(folder_, "gcc").Add("code", kAnswer);
  CodeCache(folder_, "gcc")
      .Add("bad", {CompileStatus::kSyntax, "", "1:1: error: expected"});
  const CodeCache cache(folder_, "gcc");
  EXPECT_EQ(cache.Find("code")->assembly, kAnswer.assembly);
  EXPECT_EQ(cache.Find("bad")->status, CompileStatus::kSyntax);
  EXPECT_EQ(cache.Find("bad")->message, "1:1: error: expected");
  EXPECT_FALSE(cache.Find("other"));
  EXPECT_FALSE(CodeCache(folder_, "clang").Find("code"));
}

TEST_F(CodeCacheTest, KeepsNoAccidents) {
  const CodeCache cache(folder_, "gcc");
  cache.Add("slow", {CompileStatus::kTime, "", ""});
  cache.Add("large", {CompileStatus::kMemory, "", ""});
  EXPECT_TRUE(Entries().empty());
}

TEST_F(CodeCacheTest, TornAndChangedEntriesAreNone) {
  const CodeCache cache(folder_, "gcc");
  cache.Add("code", kAnswer);
  const fs::path path = Entries().at(0);
  const std::string whole = Contents(path);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    Replace(path, whole.substr(0, bytes));
    EXPECT_FALSE(cache.Find("code")) << bytes;
    std::string changed = whole;
    changed[bytes] = static_cast<char>(changed[bytes] ^ 0x40);
    Replace(path, changed);
    EXPECT_FALSE(cache.Find("code")) << bytes;
  }
  Replace(path, whole);
  EXPECT_TRUE(cache.Find("code"));
}

TEST_F(CodeCacheTest, AnEntryIsOfItsCodeOnly) {
  const CodeCache cache(folder_, "gcc");
  cache.Add("code", kAnswer);
  const fs::path entry = Entries().at(0);
  const std::string contents = Contents(entry);
  fs::remove(entry);
  cache.Add("other", kAnswer);
  Replace(Entries().at(0), contents);
  EXPECT_FALSE(cache.Find("other"));
}

TEST_F(CodeCacheTest, ReadsOnlyOrdinaryFiles) {
  const CodeCache cache(folder_, "gcc");
  cache.Add("code", kAnswer);
  const fs::path path = Entries().at(0);
  const fs::path elsewhere = folder_ / "elsewhere";
  fs::rename(path, elsewhere);
  fs::create_symlink(elsewhere, path);
  EXPECT_FALSE(cache.Find("code"));
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(cache.Find("code"));
}

TEST_F(CodeCacheTest, RefusesFoldersThatOthersWriteTo) {
  const CodeCache cache(folder_, "gcc");
  struct stat status = {};
  ASSERT_EQ(stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  chmod(folder_.c_str(), 0777);
  EXPECT_THROW(CodeCache(folder_, "gcc"), Error);
  chmod(folder_.c_str(), 0700);
  fs::create_directory_symlink(folder_, folder_.parent_path() / "link");
  EXPECT_THROW(CodeCache(folder_.parent_path() / "link", "gcc"), Error);
}

TEST_F(CodeCacheTest, ThreadsMayAddTheSame) {
  const CodeCache cache(folder_, "gcc");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&cache] {
      for (int code = 0; code < 50; ++code) {
        cache.Add(std::to_string(code), kAnswer);
        EXPECT_TRUE(cache.Find(std::to_string(code)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Entries().size(), 50u);
}

}  // namespace
}  // namespace moetap
