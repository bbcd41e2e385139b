#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "analysis/error.h"
#include "analysis/record/directory.h"
#include "analysis/record/library.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::ThrowsMessage;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() : base_(fs::canonical(temporary_.path())) {}

  TemporaryDirectory temporary_;
  fs::path base_;
};

TEST(DefaultDirectoryName, IsSafeAndDated) {
  EXPECT_THAT(DefaultDirectoryName("/usr/bin/python3", 0),
              MatchesRegex("moetap-python3-[0-9]{8}-[0-9]{6}"));
  EXPECT_THAT(DefaultDirectoryName("a b;c", 0),
              MatchesRegex("moetap-a_b_c-[0-9]{8}-[0-9]{6}"));
  EXPECT_THAT(DefaultDirectoryName("x/", 0), HasSubstr("moetap-command-"));
}

TEST_F(DirectoryTest, MakesAPrivateDirectory) {
  const fs::path made = PrepareDirectory(base_ / "deep" / "capture");
  EXPECT_EQ(made, base_ / "deep" / "capture");
  EXPECT_EQ(fs::status(made).permissions(), fs::perms::owner_all);
}

TEST_F(DirectoryTest, TakesAnEmptyOneAndMakesItPrivate) {
  fs::permissions(base_, fs::perms::all);
  EXPECT_EQ(PrepareDirectory(base_), base_);
  EXPECT_EQ(fs::status(base_).permissions(), fs::perms::owner_all);
}

TEST_F(DirectoryTest, RefusesOneWithFiles) {
  std::ofstream(base_ / "notes.txt") << "mine";
  EXPECT_THAT([&] { PrepareDirectory(base_); },
              ThrowsMessage<Error>(HasSubstr("is not empty")));
  EXPECT_TRUE(fs::exists(base_ / "notes.txt"));
}

TEST_F(DirectoryTest, RefusesAFile) {
  std::ofstream(base_ / "file") << "mine";
  EXPECT_THAT([&] { PrepareDirectory(base_ / "file"); },
              ThrowsMessage<Error>(HasSubstr("choose another with -o")));
}

TEST(LibraryCandidates, CoverInstallationAndBuildTree) {
  EXPECT_THAT(LibraryCandidates("/usr/bin"),
              testing::Contains("/usr/lib/moetap/libmoetap.so"));
  EXPECT_THAT(LibraryCandidates("/src/build/release/analysis"),
              testing::Contains("/src/build/release/plugin/libmoetap.so"));
}

TEST_F(DirectoryTest, ALibraryThatIsNoneIsRefusedInTheLoadersWords) {
  const fs::path library = base_ / "libmoetap.so";
  std::ofstream(library) << "not an ELF file, but long enough to be read as "
                            "one by a loader that looks at its header only";
  EXPECT_THAT([&] { ProveLibraryLoads(library); },
              ThrowsMessage<Error>(HasSubstr("cannot be preloaded")));
}

TEST_F(DirectoryTest, APathTheLoaderCannotTakeIsRefused) {
  EXPECT_THAT([&] { ProveLibraryLoads(base_ / "a b" / "libmoetap.so"); },
              ThrowsMessage<Error>(HasSubstr("MOETAP_LIBRARY")));
}

}  // namespace
}  // namespace moetap
