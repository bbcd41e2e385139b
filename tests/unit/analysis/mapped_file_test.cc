#include "analysis/mapped_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "analysis/capture.h"
#include "analysis/error.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr size_t kSize = size_t{1} << 20;

class MappedFileTest : public testing::Test {
 protected:
  fs::path Write(const char* name, size_t size) {
    const fs::path path = directory_.path() / name;
    std::ofstream(path) << std::string(size, 'x');
    return path;
  }

  TemporaryDirectory directory_;
};

size_t Count(Bytes bytes, uint8_t value) {
  return static_cast<size_t>(std::ranges::count(bytes, value));
}

TEST_F(MappedFileTest, ReadsAWholeFile) {
  const MappedFile file(Write("file", kSize));
  EXPECT_EQ(Count(file.bytes(), 'x'), kSize);
  file.RequireWhole();
}

TEST_F(MappedFileTest, AFileThatIsCutShortReadsAsZerosAndIsRefused) {
  const fs::path path = Write("file", kSize);
  const MappedFile other(Write("other", kSize));
  const MappedFile file(path);
  ASSERT_EQ(truncate(path.c_str(), 10'000), 0);
  EXPECT_EQ(Count(file.bytes(), 'x'), 10'000u);
  EXPECT_EQ(Count(file.bytes(), 0), kSize - 10'000);
  EXPECT_THAT([&] { file.RequireWhole(); },
              ThrowsMessage<Error>(HasSubstr("file: was cut short")));
  EXPECT_EQ(Count(other.bytes(), 'x'), kSize);
  other.RequireWhole();
}

// A writer cuts a half-written block away behind what a reader looks at.
TEST_F(MappedFileTest, WhatWasNotReadDoesNotMatter) {
  const fs::path path = Write("file", kSize);
  const MappedFile file(path);
  ASSERT_EQ(truncate(path.c_str(), kSize / 2), 0);
  EXPECT_EQ(Count(file.bytes().first(kSize / 2), 'x'), kSize / 2);
  file.RequireWhole();
}

TEST_F(MappedFileTest, ManyThreadsReadWhatIsGone) {
  const fs::path path = Write("file", kSize);
  const MappedFile file(path);
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  std::atomic<size_t> zeros = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { zeros += Count(file.bytes(), 0); });
  }
  threads.clear();
  EXPECT_EQ(zeros, 8 * kSize);
  EXPECT_THROW(file.RequireWhole(), Error);
}

TEST_F(MappedFileTest, AnotherBusErrorStillEndsTheProgram) {
  const fs::path path = Write("file", kSize);
  const MappedFile file(path);  // the handler is there
  const fs::path gone = Write("gone", kSize);
  const int fd = open(gone.c_str(), O_RDONLY | O_CLOEXEC);
  auto* at = static_cast<const volatile uint8_t*>(
      mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE, fd, 0));
  ASSERT_NE(at, MAP_FAILED);
  ASSERT_EQ(truncate(gone.c_str(), 0), 0);
  EXPECT_EXIT(static_cast<void>(at[0]), testing::KilledBySignal(SIGBUS), "");
  munmap(const_cast<uint8_t*>(at), kSize);
  close(fd);
}

// The whole reader, against a file that shrinks and grows all the time.
TEST_F(MappedFileTest, ACaptureThatShrinksIsReadOrRefused) {
  CaptureWriter writer(1);
  std::vector<uint16_t> ids(8 * 1024);
  for (uint32_t step = 1; step <= 40; ++step) {
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<uint16_t>(i * 7 % 509 + step);
    }
    writer.Layer(0, 0, 1024);
    writer.Dispatch(step, 0, 8, ids);
    writer.CloseBlock();
  }
  const fs::path path = writer.Write(directory_.path() / "capture");
  const std::vector<uint8_t> bytes = writer.bytes();
  std::atomic<bool> done = false;
  std::thread shrinker([&] {
    for (size_t i = 0; !done; ++i) {
      ASSERT_EQ(
          truncate(path.c_str(), static_cast<off_t>(i * 7919 % bytes.size())),
          0);
      std::ofstream(path, std::ios::in | std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
  });
  size_t refused = 0;
  for (int i = 0; i < 200; ++i) {
    try {
      const Capture capture = ReadCapture(path);
      EXPECT_LE(capture.files[0].blocks.size(), 40u);
    } catch (const Error&) {
      ++refused;
    }
  }
  done = true;
  shrinker.join();
  EXPECT_EQ(ReadCapture(path).files[0].blocks.size(), 40u);
  RecordProperty("refused", static_cast<int>(refused));
}

}  // namespace
}  // namespace moetap
