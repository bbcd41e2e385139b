#include "plugin/ring_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "schema/ring_reader.h"

namespace moetap {
namespace {

constexpr uint64_t kCapacity = 8192;

// A ring in plain memory.
class RingBufferTest : public testing::Test {
 protected:
  RingBufferTest() {
    header_ = new (bytes_) RingHeader;
    header_->capacity = kCapacity;
    header_->nonce = 0x1234567890abcdef;
    ring_.Attach(header_);
  }

  bool Put(const std::vector<uint8_t>& payload,
           RecordType type = RecordType::kStatus) {
    RingBuffer::Reservation reservation;
    if (!ring_.Reserve(payload.size(), &reservation)) return false;
    std::copy(payload.begin(), payload.end(), reservation.payload());
    ring_.Publish(reservation, type);
    return true;
  }

  Bytes Image() const { return {bytes_, sizeof(bytes_)}; }

  alignas(64) uint8_t bytes_[kRingHeaderBytes + kCapacity] = {};
  RingHeader* header_;
  RingBuffer ring_{};
};

TEST_F(RingBufferTest, GivesBackExactPayloads) {
  for (size_t size = 0; size <= 40; ++size) {
    ASSERT_TRUE(Put(std::vector<uint8_t>(size, static_cast<uint8_t>(size))));
  }
  uint64_t at = 0;
  for (size_t size = 0; size <= 40; ++size) {
    RingBuffer::Record record;
    ASSERT_EQ(ring_.Peek(at, &record), RingBuffer::Peeked::kRecord);
    EXPECT_EQ(record.type, RecordType::kStatus);
    ASSERT_EQ(record.payload.size(), size);
    for (uint8_t byte : record.payload) ASSERT_EQ(byte, size);
    at = record.end;
  }
  RingBuffer::Record record;
  EXPECT_EQ(ring_.Peek(at, &record), RingBuffer::Peeked::kEmpty);
}

TEST_F(RingBufferTest, IsFullAtExactlyItsCapacity) {
  const std::vector<uint8_t> payload(1024 - sizeof(RecordHeader));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(Put(payload));
  EXPECT_FALSE(Put({}));
  ring_.Persist(16);
  EXPECT_TRUE(Put({}));
  EXPECT_FALSE(Put({}));
}

TEST_F(RingBufferTest, PadsInsteadOfWrapping) {
  const std::vector<uint8_t> payload(3000 - sizeof(RecordHeader), 7);
  ASSERT_TRUE(Put(payload));
  ASSERT_TRUE(Put(payload));
  EXPECT_FALSE(Put(payload));  // the third needs the pad and the beginning
  ring_.Persist(3008);
  ASSERT_TRUE(Put(payload));
  RingBuffer::Record record;
  ASSERT_EQ(ring_.Peek(6016, &record), RingBuffer::Peeked::kRecord);
  EXPECT_EQ(record.type, RecordType::kPad);
  EXPECT_EQ(record.end, kCapacity);
  ASSERT_EQ(ring_.Peek(record.end, &record), RingBuffer::Peeked::kRecord);
  EXPECT_EQ(record.payload.size(), payload.size());
  EXPECT_EQ(record.end, kCapacity + 3008);
}

TEST_F(RingBufferTest, AHoleStopsTheReaderButNotALeftoverReader) {
  ASSERT_TRUE(Put({1}));
  RingBuffer::Reservation hole;
  ASSERT_TRUE(ring_.Reserve(100, &hole));
  ASSERT_TRUE(Put({2}));
  RingBuffer::Record record;
  ASSERT_EQ(ring_.Peek(0, &record), RingBuffer::Peeked::kRecord);
  const uint64_t at = record.end;
  EXPECT_EQ(ring_.Peek(at, &record), RingBuffer::Peeked::kUnpublished);

  RingReader reader;
  ASSERT_TRUE(reader.Open(Image()));
  RingRecord left;
  ASSERT_TRUE(reader.Next(&left));
  EXPECT_EQ(left.payload[0], 1);
  ASSERT_TRUE(reader.Next(&left));
  EXPECT_EQ(left.payload[0], 2);
  EXPECT_FALSE(reader.Next(&left));
  EXPECT_GT(reader.unpublished(), 0u);

  ring_.Publish(hole, RecordType::kStatus);
  EXPECT_EQ(ring_.Peek(at, &record), RingBuffer::Peeked::kRecord);
}

TEST_F(RingBufferTest, AnOldLapDoesNotLookPublished) {
  const std::vector<uint8_t> payload(4096 - sizeof(RecordHeader));
  ASSERT_TRUE(Put(payload));
  ASSERT_TRUE(Put(payload));
  ring_.Persist(kCapacity);
  RingBuffer::Reservation reservation;
  ASSERT_TRUE(ring_.Reserve(payload.size(), &reservation));
  RingBuffer::Record record;
  EXPECT_EQ(ring_.Peek(kCapacity, &record), RingBuffer::Peeked::kUnpublished);
}

// Position p is at data[p % capacity], whatever the capacity and however far
// the ring has come.
TEST(RingPositionTest, IsModuloAnyCapacity) {
  constexpr uint64_t kPage = 4096;
  for (const uint64_t pages : {1, 2, 3, 5, 6, 7, 63, 64, 65, 96, 100, 127}) {
    const uint64_t capacity = pages * kPage;
    std::vector<uint64_t> memory((kRingHeaderBytes + capacity) / 8 + 8);
    auto* at = reinterpret_cast<uint8_t*>(memory.data());
    at += (64 - reinterpret_cast<uintptr_t>(at) % 64) % 64;
    auto* header = new (at) RingHeader;
    header->capacity = capacity;
    header->nonce = 99;
    RingBuffer ring{};
    ring.Attach(header);
    for (const uint64_t lap :
         {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{12345},
          (uint64_t{1} << 32) / capacity, (uint64_t{1} << 53) / capacity,
          (uint64_t{1} << 62) / capacity, UINT64_MAX / capacity - 2}) {
      for (const uint64_t offset :
           {uint64_t{0}, uint64_t{16}, capacity / 2 / 16 * 16, capacity - kPage,
            capacity - 32, capacity - 16}) {
        const uint64_t position = lap * capacity + offset;
        header->reserved = position;
        header->persisted = position;
        RingBuffer::Reservation reservation;
        ASSERT_TRUE(ring.Reserve(0, &reservation));
        ASSERT_EQ(reservation.position, position);
        ASSERT_EQ(reinterpret_cast<uint8_t*>(reservation.header),
                  at + kRingHeaderBytes + position % capacity)
            << pages << " pages, lap " << lap << ", offset " << offset;
        ring.Publish(reservation, RecordType::kStatus);
        RingBuffer::Record record;
        ASSERT_EQ(ring.Peek(position, &record), RingBuffer::Peeked::kRecord);
        ASSERT_EQ(record.end, position + 16);
      }
    }
  }
}

// Records of many sizes through laps of a ring of three pages: the reader of
// a live ring and that of a leftover one agree on each place.
TEST(RingPositionTest, ARingOfThreePagesWrapsWhereItEnds) {
  constexpr uint64_t kThreePages = 3 * 4096;
  alignas(64) static uint8_t bytes[kRingHeaderBytes + kThreePages];
  auto* header = new (bytes) RingHeader;
  header->capacity = kThreePages;
  header->nonce = 5;
  RingBuffer ring{};
  ring.Attach(header);
  for (uint32_t i = 0; header->reserved < 200 * kThreePages; ++i) {
    const uint64_t before = header->reserved;
    RingBuffer::Reservation reservation;
    ASSERT_TRUE(ring.Reserve(i * 37 % 3000, &reservation));
    memset(reservation.payload(), static_cast<int>(i), i * 37 % 3000);
    ring.Publish(reservation, RecordType::kStatus);
    ASSERT_LE(reservation.position % kThreePages + reservation.header->size,
              kThreePages);
    RingReader reader;
    ASSERT_TRUE(reader.Open({bytes, sizeof(bytes)}));
    RingRecord record;
    ASSERT_TRUE(reader.Next(&record));
    ASSERT_EQ(record.position, reservation.position);
    ASSERT_EQ(record.payload.size(), i * 37 % 3000);
    ASSERT_FALSE(reader.Next(&record));
    ASSERT_EQ(reader.unpublished(), 0u) << "from " << before;
    ring.Persist(header->reserved);
  }
}

TEST_F(RingBufferTest, TellsDropsOnceWithTheirSteps) {
  DropRecord drops;
  EXPECT_FALSE(ring_.TakeDrops(&drops));
  ring_.CountDrop(7, 10, 0);
  ring_.CountDrop(5, 1, 0);
  ring_.CountDrop(9, 0, 2);
  ASSERT_TRUE(ring_.TakeDrops(&drops));
  EXPECT_EQ(drops.first_step, 5u);
  EXPECT_EQ(drops.last_step, 9u);
  EXPECT_EQ(drops.rows, 11u);
  EXPECT_EQ(drops.records, 2u);
  EXPECT_FALSE(ring_.TakeDrops(&drops));
  ring_.CountDrop(12, 3, 0);
  ASSERT_TRUE(ring_.TakeDrops(&drops));
  EXPECT_EQ(drops.first_step, 12u);
  EXPECT_EQ(drops.last_step, 12u);
  EXPECT_EQ(drops.rows, 3u);
  EXPECT_EQ(header_->dropped_rows, 14u);
  EXPECT_EQ(header_->dropped_records, 2u);
}

// What the threads of the next test write: who, which, and a body that any
// torn or misplaced byte would betray.
struct Message {
  uint32_t thread;
  uint32_t number;
};

std::vector<uint8_t> MakeMessage(uint32_t thread, uint32_t number) {
  std::vector<uint8_t> bytes(sizeof(Message) + number * 37 % 700);
  const Message message = {thread, number};
  memcpy(bytes.data(), &message, sizeof(message));
  for (size_t i = sizeof(message); i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(thread * 31 + number * 7 + i);
  }
  return bytes;
}

TEST_F(RingBufferTest, ManyThreadsAndLapsLoseAndTearNothing) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kMessages = 5000;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t i = 0; i < kMessages; ++i) {
        const std::vector<uint8_t> message = MakeMessage(t, i);
        while (!Put(message)) std::this_thread::yield();
      }
    });
  }
  uint32_t next[kThreads] = {};
  uint64_t at = 0;
  for (uint32_t seen = 0; seen < kThreads * kMessages;) {
    RingBuffer::Record record;
    if (ring_.Peek(at, &record) != RingBuffer::Peeked::kRecord) {
      ring_.Persist(at);
      std::this_thread::yield();
      continue;
    }
    at = record.end;
    if (record.type == RecordType::kPad) continue;
    Message message;
    memcpy(&message, record.payload.data(), sizeof(message));
    if (message.thread >= kThreads || message.number != next[message.thread] ||
        !std::ranges::equal(record.payload,
                            MakeMessage(message.thread, message.number))) {
      ADD_FAILURE() << "damaged record at " << at;
      std::abort();  // the writers would wait for ever
    }
    ++next[message.thread];
    ++seen;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(header_->reserved.load(), at);
  EXPECT_GT(at / kCapacity, 100u);  // laps
}

}  // namespace
}  // namespace moetap
