// Disks, directories and descriptors that fail the recorder.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "plugin/moetap.h"
#include "plugin/process.h"
#include "schema/ring_reader.h"
#include "tests/unit/plugin/capture_files.h"
#include "tests/unit/plugin/guest.h"

namespace moetap {
namespace {

using testing::Contains;

class DiskTest : public GuestTest {};

TEST_F(DiskTest, AFullDiskEndsInCounts) {
  config().block_on_full = true;  // what is dropped is the disk's doing
  config().max_bytes = 2000;
  RunGuest([] {
    for (uint32_t step = 1; step <= 50; ++step) {
      const moetap_span span = {1, 0, 500, 0};
      moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
      Dispatch(0, step * 977, 500, 8);
      moetap_step_end(step);
    }
  });
  const Captured captured = ReadOnlyCapture(directory());
  const Counters& counters = captured.counters();
  EXPECT_EQ(counters.rows + counters.dropped_rows, 50u * 500);
  EXPECT_GT(counters.dropped_rows, 0u);
  EXPECT_EQ(captured.drop_rows, counters.dropped_rows);
  EXPECT_EQ(captured.drop_records, counters.dropped_records);
  EXPECT_GE(captured.drop_first_step, 1u);
  EXPECT_LE(captured.drop_last_step, 50u);
  EXPECT_THAT(captured.status, Contains("disk"));
}

void LimitFileSize(rlim_t bytes) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST_F(DiskTest, AFailingDiskThatRecoversLeavesACleanFile) {
  config().block_on_full = true;  // what is dropped is the disk's doing
  RunGuest([] {
    moetap_step_begin(1, MOETAP_STEP_REAL, nullptr, 0);
    Dispatch(0, 1, 5, 4);
    LimitFileSize(100);
    const RingHeader* ring = StartedProcess()->ring.header();
    for (uint32_t i = 0; ring->dropped_rows.load() == 0; ++i) {
      Dispatch(0, i, 1000, 8);
    }
    LimitFileSize(RLIM_INFINITY);
    Dispatch(0, 1, 5, 4);
  });
  const Captured captured = ReadOnlyCapture(directory());
  const Counters& counters = captured.counters();
  EXPECT_EQ((counters.rows + counters.dropped_rows) % 1000, 10u);
  EXPECT_EQ(captured.drop_rows, counters.dropped_rows);
  EXPECT_GT(captured.drop_rows, 0u);
  EXPECT_THAT(captured.status, Contains("disk"));
  EXPECT_EQ(captured.sets.back().ids[0], MakeIds(1, 5, 4)[16]);
}

TEST_F(DiskTest, LossesThatTheFileCannotTellStayInTheRing) {
  RunGuest([] {
    Dispatch(0, 1, 1, 4);
    LimitFileSize(100);  // less than any block, and to the end
    Dispatch(0, 1, 5, 4);
  });
  const auto rings = LeftoverRings();
  ASSERT_EQ(rings.size(), 1u);
  const std::vector<uint8_t> image = ReadBytes(rings[0]);
  RingReader reader;
  ASSERT_TRUE(reader.Open(image));
  const Counters& counters = reader.info().counters;
  EXPECT_GE(counters.dropped_rows, 5u);
  EXPECT_EQ(counters.rows + counters.dropped_rows, 6u);
}

TEST_F(DiskTest, AFileSizeLimitTurnsItOffInsteadOfKillingTheHost) {
  RunGuest([] {
    LimitFileSize(100'000);  // less than the ring
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 5, 4);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr("File too large"));
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(DiskTest, RefusesADirectoryThatIsALink) {
  std::filesystem::create_directory(directory().parent_path() / "real");
  std::filesystem::create_directory_symlink("real", directory());
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    Dispatch(0, 1, 1, 1);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, testing::HasSubstr("capture is no directory of yours"));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(DiskTest, RefusesADirectoryThatOthersCanWrite) {
  std::filesystem::create_directory(directory());
  chmod(directory().c_str(), 0777);
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr("chmod 700"));
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
}

TEST_F(DiskTest, SaysWhichVariableIsWrongAndStaysOff) {
  snprintf(config().problem, sizeof(config().problem), "MOETAP_X is wrong");
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "moetap: off: MOETAP_X is wrong\n");
  });
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(DiskTest, LeavesADescriptorAloneThatIsNotItsOwn) {
  RunGuest([this] {
    Dispatch(0, 1, 1, 1);
    const std::string other = directory() / "other";
    const int fd = open(other.c_str(), O_RDWR | O_CREAT, 0600);
    for (int host = 3; host < 64; ++host) {  // as a daemon does
      if (host != fd && fcntl(host, F_GETFD) >= 0) dup2(fd, host);
    }
    Dispatch(0, 2, 1, 1);
    FinishProcess();
    struct stat st;
    ASSERT_EQ(fstat(fd, &st), 0);
    EXPECT_EQ(st.st_size, 0);
  });
  EXPECT_EQ(ReadOnlyCapture(directory()).counters().rows, 2u);
}

// The host closed the file, and there is something else of its name.
struct Replacement {
  const char* name;
  int (*make)(const char* victim, const char* path);  // 0: made
};

void PrintTo(const Replacement& replacement, std::ostream* out) {
  *out << replacement.name;
}

class ReplacedFileTest : public DiskTest,
                         public testing::WithParamInterface<Replacement> {};

TEST_P(ReplacedFileTest, NothingIsWrittenToIt) {
  const std::filesystem::path victim = directory().parent_path() / "victim";
  const std::string content = "somebody else's";
  std::ofstream(victim) << content;
  RunGuest([&] {
    Dispatch(0, 1, 1, 1);
    const auto file = FilesIn(directory(), ".moetap.zst").at(0);
    std::filesystem::remove(file);
    EXPECT_EQ(GetParam().make(victim.c_str(), file.c_str()), 0);
    close_range(3, 63, 0);
    Dispatch(0, 2, 1, 1);
  });
  const auto bytes = ReadBytes(victim);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), content);
  EXPECT_EQ(LeftoverRings().size(), 1u);  // it knows what was lost
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ReplacedFileTest,
    testing::Values(Replacement{"Link", symlink}, Replacement{"HardLink", link},
                    Replacement{"Fifo",
                                [](const char*, const char* path) {
                                  return mkfifo(path, 0600);
                                }},
                    Replacement{"Directory", [](const char*, const char* path) {
                                  return mkdir(path, 0700);
                                }}));

}  // namespace
}  // namespace moetap
