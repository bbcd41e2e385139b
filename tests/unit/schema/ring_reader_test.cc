#include "schema/ring_reader.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

#include "tests/unit/schema/records.h"

namespace moetap {
namespace {

using testing::ElementsAre;

constexpr uint64_t kCapacity = 4096;
constexpr uint64_t kNonce = 0x1234567890ABCDEF;

// A ring file in memory, written as its process would.
class FakeRing {
 public:
  explicit FakeRing(uint64_t start) : bytes_(kRingHeaderBytes + kCapacity) {
    header()->nonce = kNonce;
    header()->capacity = kCapacity;
    header()->persisted = start;
    header()->reserved = start;
  }
  RingHeader* header() { return header_; }

  void Put(std::string_view text, bool publish = true) {
    const size_t size = (sizeof(RecordHeader) + text.size() + 15) / 16 * 16;
    uint64_t position = header()->reserved;
    const uint64_t left = kCapacity - position % kCapacity;
    if (left < size) {
      Fill(position, left, RecordType::kPad, 0, true);
      position += left;
    }
    const size_t padding = size - sizeof(RecordHeader) - text.size();
    Fill(position, size, RecordType::kStatus, padding, publish);
    std::memcpy(At(position) + sizeof(RecordHeader), text.data(), text.size());
    header()->reserved = position + size;
  }

  ByteVector& bytes() {
    std::memcpy(bytes_.data(), header_, sizeof(RingHeader));
    return bytes_;
  }

 private:
  uint8_t* At(uint64_t position) {
    return bytes_.data() + kRingHeaderBytes + position % kCapacity;
  }
  void Fill(uint64_t position, uint64_t size, RecordType type, size_t padding,
            bool publish) {
    RecordHeader record;
    record.commit = publish ? CommitWord(position, kNonce) : 0;
    record.size = static_cast<uint32_t>(size);
    record.type = static_cast<uint16_t>(type);
    record.padding = static_cast<uint16_t>(padding);
    std::memcpy(At(position), static_cast<const void*>(&record),
                sizeof(record));
  }

  alignas(RingHeader) uint8_t storage_[sizeof(RingHeader)];
  RingHeader* header_ = new (storage_) RingHeader;
  ByteVector bytes_;
};

std::vector<std::string> ReadAll(RingReader* reader) {
  std::vector<std::string> out;
  RingRecord record;
  while (reader->Next(&record)) {
    out.emplace_back(record.payload.begin(), record.payload.end());
  }
  return out;
}

TEST(RingReader, ReadsPublishedRecordsInOrder) {
  FakeRing ring(0);
  ring.Put("one");
  ring.Put("two, a little longer than sixteen bytes");
  RingReader reader;
  ASSERT_TRUE(reader.Open(ring.bytes()));
  EXPECT_THAT(ReadAll(&reader),
              ElementsAre("one", "two, a little longer than sixteen bytes"));
  EXPECT_EQ(reader.unpublished(), 0u);
}

TEST(RingReader, GoesOnBehindARecordThatWasNeverPublished) {
  FakeRing ring(32);
  ring.Put("one");
  ring.Put("lost with its thread", false);
  ring.Put("three");
  RingReader reader;
  ASSERT_TRUE(reader.Open(ring.bytes()));
  EXPECT_THAT(ReadAll(&reader), ElementsAre("one", "three"));
  EXPECT_EQ(reader.unpublished(), 3u);
}

TEST(RingReader, AnEarlierLapIsNeverTakenForThisOne) {
  FakeRing ring(0);
  for (int i = 0; i < 300; ++i) ring.Put("lap " + std::to_string(i));
  ring.header()->persisted = ring.header()->reserved - 64;
  ring.Put("unpublished", false);
  RingReader reader;
  ASSERT_TRUE(reader.Open(ring.bytes()));
  EXPECT_THAT(ReadAll(&reader), ElementsAre("lap 298", "lap 299"));
}

TEST(RingReader, SkipsThePadAtTheEndOfTheRing) {
  FakeRing ring(kCapacity - 32);
  ring.Put("does not fit into the thirty-two bytes that are left");
  RingReader reader;
  ASSERT_TRUE(reader.Open(ring.bytes()));
  EXPECT_EQ(ReadAll(&reader).size(), 1u);
}

TEST(RingReader, SeekLeavesOutWhatTheFileHolds) {
  FakeRing ring(0);
  ring.Put("in the file");
  const uint64_t end = ring.header()->reserved;
  ring.Put("only here");
  RingReader reader;
  ASSERT_TRUE(reader.Open(ring.bytes()));
  reader.Seek(end);
  EXPECT_THAT(ReadAll(&reader), ElementsAre("only here"));
}

TEST(RingReader, RefusesWhatIsNoRing) {
  FakeRing ring(0);
  ring.Put("one");
  RingReader reader;
  EXPECT_FALSE(reader.Open({}));
  ByteVector cut = ring.bytes();
  cut.pop_back();
  EXPECT_FALSE(reader.Open(cut));
  ByteVector magic = ring.bytes();
  magic[0] = 1;
  EXPECT_FALSE(reader.Open(magic));
  ring.header()->reserved = kCapacity + 1;
  EXPECT_FALSE(reader.Open(ring.bytes()));
  // The next multiple of 16 behind these is 0.
  ring.header()->reserved = ~uint64_t{0};
  ring.header()->persisted = ~uint64_t{0} - 5;
  EXPECT_FALSE(reader.Open(ring.bytes()));
}

// docs/log_format.md prints these offsets.
TEST(RingFormat, TheHeaderIsAsDocumented) {
  EXPECT_EQ(offsetof(RingHeader, pid), 12u);
  EXPECT_EQ(offsetof(RingHeader, pid_start), 16u);
  EXPECT_EQ(offsetof(RingHeader, pid_ns), 24u);
  EXPECT_EQ(offsetof(RingHeader, boot_id), 32u);
  EXPECT_EQ(offsetof(RingHeader, file_uuid), 48u);
  EXPECT_EQ(offsetof(RingHeader, nonce), 64u);
  EXPECT_EQ(offsetof(RingHeader, capacity), 72u);
  EXPECT_EQ(offsetof(RingHeader, capture_file), 80u);
  EXPECT_EQ(offsetof(RingHeader, reserved), 2176u);
  EXPECT_EQ(offsetof(RingHeader, persisted), 2240u);
  EXPECT_EQ(offsetof(RingHeader, rows), 2304u);
}

TEST(RingReader, AnyBytesEnd) {
  std::mt19937 random(7);
  FakeRing ring(0);
  for (int i = 0; i < 100; ++i) ring.Put("record " + std::to_string(i));
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = ring.bytes();
    for (int i = 0; i < 8; ++i) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    RingReader reader;
    if (reader.Open(bytes)) {
      EXPECT_LE(ReadAll(&reader).size(), kCapacity / kRecordAlign);
    }
  }
}

}  // namespace
}  // namespace moetap
