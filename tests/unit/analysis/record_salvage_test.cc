#include <gmock/gmock.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "analysis/record/findings.h"
#include "analysis/record/processes.h"
#include "analysis/record/salvage.h"
#include "schema/block_builder.h"
#include "schema/ring_format.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

constexpr size_t kCapacity = 4096;
constexpr uint64_t kNonce = 77;

// A capture directory with one ring of a process that is no more.
class SalvageTest : public testing::Test {
 protected:
  SalvageTest() : base_(fs::canonical(temporary_.path())) {
    header_->capacity = kCapacity;
    header_->nonce = kNonce;
    header_->pid = 1;  // lives, but began at another time
    header_->pid_start = 1u << 30;
    struct stat status {};
    stat("/proc/self/ns/pid", &status);
    header_->pid_ns = status.st_ino;
    header_->file_uuid[0] = 0xAB;
    header_->rows = 9;
    file_ = base_ / "1-ab000000.moetap.zst";
    std::strcpy(header_->capture_file, file_.c_str());
  }

  // Publishes a status record at the ring's end; returns its position.
  uint64_t Put(const std::string& code) {
    const std::string payload = code + '\0' + "text";
    const size_t size = (sizeof(RecordHeader) + payload.size() + 15) / 16 * 16;
    const uint64_t position = header_->reserved;
    RecordHeader record;
    record.commit = CommitWord(position, kNonce);
    record.size = static_cast<uint32_t>(size);
    record.type = static_cast<uint16_t>(RecordType::kStatus);
    record.padding =
        static_cast<uint16_t>(size - sizeof(RecordHeader) - payload.size());
    std::memcpy(data_ + position, static_cast<const void*>(&record),
                sizeof(record));
    std::memcpy(data_ + position + sizeof(record), payload.data(),
                payload.size());
    header_->reserved = position + size;
    return position;
  }

  void WriteRing() {
    ring_ = base_ / "ab.ring";
    std::string bytes(kRingHeaderBytes, '\0');
    std::memcpy(bytes.data(), static_cast<const void*>(header_),
                sizeof(RingHeader));
    std::ofstream(ring_, std::ios::binary)
        << bytes << std::string(data_, kCapacity);
  }

  // Appends a block with the status record `code` at ring position `begin`.
  void WriteBlock(const std::string& code, uint64_t begin) {
    const std::string payload = code + '\0' + "text";
    const auto arena = std::make_unique<uint8_t[]>(BlockBuilder::ArenaBytes());
    BlockBuilder builder({arena.get(), BlockBuilder::ArenaBytes()});
    builder.Add(
        RecordType::kStatus,
        {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()});
    BlockHeader header;
    header.file_uuid = header_->file_uuid;
    header.ring_begin = begin;
    header.ring_end = header_->reserved;
    std::vector<uint8_t> out(1 << 16);
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
        ZSTD_createCCtx(), ZSTD_freeCCtx);
    const size_t size =
        PackBlock(context.get(), &header, builder.Finish(), out);
    std::ofstream(file_, std::ios::binary | std::ios::app)
        .write(reinterpret_cast<const char*>(out.data()),
               static_cast<std::streamsize>(size));
  }

  std::vector<std::string> CodesInFile() {
    std::vector<std::string> codes;
    for (const FoundFile& file : ReadFindings(base_).files) {
      for (const auto& status : file.status) codes.push_back(status.code);
      EXPECT_EQ(file.damaged_bytes, 0u);
    }
    return codes;
  }

  TemporaryDirectory temporary_;
  fs::path base_;
  fs::path file_;
  fs::path ring_;
  alignas(RingHeader) uint8_t storage_[sizeof(RingHeader)] = {};
  RingHeader* header_ = new (storage_) RingHeader;
  char data_[kCapacity] = {};
};

TEST_F(SalvageTest, MakesTheFileIfThereWasNone) {
  Put("first");
  Put("second");
  WriteRing();
  const auto salvaged = SalvageRings(base_);
  ASSERT_THAT(salvaged, SizeIs(1));
  EXPECT_EQ(salvaged[0].problem, "");
  EXPECT_EQ(salvaged[0].blocks, 1u);
  EXPECT_THAT(CodesInFile(), testing::ElementsAre("first", "second"));
  EXPECT_FALSE(fs::exists(ring_));
  EXPECT_EQ(fs::status(file_).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(ReadFindings(base_).total.rows, 9u);
}

TEST_F(SalvageTest, AppendsWhatTheFileDoesNotHave) {
  WriteBlock("first", Put("first"));
  Put("second");
  WriteRing();
  SalvageRings(base_);
  EXPECT_THAT(CodesInFile(), testing::ElementsAre("first", "second"));
  EXPECT_EQ(ReadFindings(base_).files[0].blocks, 2u);
}

TEST_F(SalvageTest, KeepsWhatIsSaidOfLossesThoughNoRecordIsLeft) {
  WriteBlock("first", Put("first"));
  header_->dropped_rows = 5;
  header_->persisted = header_->reserved.load();
  WriteRing();
  EXPECT_EQ(ReadFindings(base_).total.dropped_rows, 0u);
  SalvageRings(base_);
  EXPECT_FALSE(fs::exists(ring_));
  EXPECT_EQ(ReadFindings(base_).total.dropped_rows, 5u);
  EXPECT_THAT(CodesInFile(), testing::ElementsAre("first"));
}

TEST_F(SalvageTest, ReplacesATornBlock) {
  WriteBlock("first", Put("first"));
  const auto whole = fs::file_size(file_);
  WriteBlock("second", Put("second"));
  fs::resize_file(file_, (whole + fs::file_size(file_)) / 2);
  WriteRing();
  SalvageRings(base_);
  EXPECT_THAT(CodesInFile(), testing::ElementsAre("first", "second"));
}

TEST_F(SalvageTest, NeverCutsOffWhatTheRingNoLongerHas) {
  WriteBlock("first", Put("first"));
  std::ofstream(file_, std::ios::app) << "damage";
  header_->persisted = Put("second") + 16;
  Put("third");
  WriteRing();
  const auto before = fs::file_size(file_);
  SalvageRings(base_);
  EXPECT_GT(fs::file_size(file_), before);
  EXPECT_EQ(ReadFindings(base_).files[0].damaged_bytes, 6u);
}

TEST_F(SalvageTest, LeavesTheRingOfALivingProcessAlone) {
  Put("first");
  const auto self = ReadStat(getpid());
  header_->pid = static_cast<uint32_t>(self->pid);
  header_->pid_start = self->start;
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::erase(boot, '-');
  for (size_t i = 0; i < 16; ++i) {
    header_->boot_id[i] =
        static_cast<uint8_t>(std::stoi(boot.substr(2 * i, 2), nullptr, 16));
  }
  WriteRing();
  const auto salvaged = SalvageRings(base_);
  ASSERT_THAT(salvaged, SizeIs(1));
  EXPECT_TRUE(salvaged[0].alive);
  EXPECT_TRUE(fs::exists(ring_));
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(SalvageTest, WritesToCaptureFilesOnly) {
  const fs::path other = base_ / "manifest.jsonl";
  std::ofstream(other) << "mine";
  std::strcpy(header_->capture_file, other.c_str());
  Put("first");
  WriteRing();
  const auto salvaged = SalvageRings(base_);
  ASSERT_THAT(salvaged, SizeIs(1));
  EXPECT_THAT(salvaged[0].problem, HasSubstr("no capture file"));
  EXPECT_EQ(fs::file_size(other), 4u);
  EXPECT_TRUE(fs::exists(ring_));
}

TEST_F(SalvageTest, KeepsTheRingIfTheFileCannotBeWritten) {
  Put("first");
  fs::create_directory(file_);
  WriteRing();
  const auto salvaged = SalvageRings(base_);
  ASSERT_THAT(salvaged, SizeIs(1));
  EXPECT_THAT(salvaged[0].problem, HasSubstr("not a regular file"));
  EXPECT_TRUE(fs::exists(ring_));
}

}  // namespace
}  // namespace moetap
