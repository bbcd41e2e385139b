// The ring as the writer thread sees it; the test plays the device.
#include <gmock/gmock.h>

#include <cstring>
#include <vector>

#include "plugin/cuda/device_ring.h"

namespace moetap {
namespace {

constexpr size_t kSlots = 4;
constexpr uint64_t kCapacity = 64 << 10;

class DeviceRingTest : public testing::Test {
 protected:
  DeviceRingTest() {
    header_ = new (bytes_) RingHeader;
    header_->capacity = kCapacity;
    header_->nonce = 0x1234567890abcdef;
    to_.Attach(header_);
    EXPECT_TRUE(ring_.Map(kSlots * kSlotBytes));
    base_ = reinterpret_cast<uint64_t>(ring_.memory());
  }
  ~DeviceRingTest() override { ring_.Unmap(); }

  RingWords& Words() { return *ring_.DeviceWords(base_); }

  // What a block does with ticket `ticket`.
  void Publish(uint64_t ticket, uint64_t step, uint32_t rows = 2,
               uint16_t k = 3) {
    uint8_t* slot = ring_.DeviceSlots(base_) + ticket % kSlots * kSlotBytes;
    SlotHeader header = {.commit = 0,
                         .step = step,
                         .row_offset = 0,
                         .rows = rows,
                         .total_rows = rows,
                         .layer = 5,
                         .k = k};
    memcpy(slot, &header, sizeof(header));
    for (size_t i = 0; i < size_t{rows} * k; ++i) {
      const auto id = static_cast<uint16_t>(ticket * 10 + i);
      memcpy(slot + sizeof(header) + i * sizeof(id), &id, sizeof(id));
    }
    std::atomic_ref(reinterpret_cast<SlotHeader*>(slot)->commit)
        .store(ticket + 1, std::memory_order_release);
  }

  // Steps of the records in the ring since the last call.
  std::vector<uint64_t> Steps() {
    std::vector<uint64_t> steps;
    RingBuffer::Record record;
    while (to_.Peek(read_, &record) == RingBuffer::Peeked::kRecord) {
      if (record.type == RecordType::kDispatch) {
        memcpy(&last_, record.payload.data(), sizeof(last_));
        ids_.resize((record.payload.size() - sizeof(last_)) / 2);
        memcpy(ids_.data(), record.payload.data() + sizeof(last_),
               ids_.size() * 2);
        steps.push_back(last_.step);
      }
      read_ = record.end;
    }
    to_.Persist(read_);
    return steps;
  }

  alignas(64) uint8_t bytes_[kRingHeaderBytes + kCapacity] = {};
  RingHeader* header_;
  RingBuffer to_{};
  DeviceRing ring_{};
  uint64_t base_ = 0;
  uint64_t read_ = 0;
  DispatchRecord last_{};
  std::vector<uint16_t> ids_;
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(DeviceRingTest, MovesWhatIsPublishedInOrderOfTickets) {
  ring_.Pump(&to_);
  EXPECT_THAT(Steps(), IsEmpty());
  Publish(1, 101);
  ring_.Pump(&to_);
  EXPECT_THAT(Steps(), IsEmpty()) << "ticket 0 is not there yet";
  Publish(0, 100);
  ring_.Pump(&to_);
  EXPECT_THAT(Steps(), ElementsAre(100, 101));
  EXPECT_EQ(Words().consumed, 2u);
  EXPECT_EQ(header_->rows.load(), 4u);
  EXPECT_EQ(last_.slot, 5);
  EXPECT_EQ(last_.k, 3);
  EXPECT_EQ(last_.rows, 2u);
  EXPECT_EQ(last_.total_rows, 0u) << "parts may come in any order";
  EXPECT_THAT(ids_, ElementsAre(10, 11, 12, 13, 14, 15));
}

TEST_F(DeviceRingTest, GoesRoundAndRound) {
  for (uint64_t ticket = 0; ticket < 10 * kSlots; ++ticket) {
    Publish(ticket, ticket + 1);
    ring_.Pump(&to_);
    ASSERT_THAT(Steps(), ElementsAre(ticket + 1));
  }
}

TEST_F(DeviceRingTest, KeepsWhatTheProcessRingHasNoRoomFor) {
  uint64_t published = 0;
  uint64_t taken = 0;
  const auto publish = [&] {
    while (published < Words().consumed + kSlots) {
      Publish(published++, 1, 500, 4);  // 4,000 bytes each
    }
  };
  for (int i = 0; i < 40; ++i) {
    publish();
    ring_.Pump(&to_);
  }
  EXPECT_LT(Words().consumed, published) << "the process's ring is full";
  while (taken < 100) {
    taken += Steps().size();
    publish();
    ring_.Pump(&to_);
  }
  EXPECT_EQ(header_->dropped_rows.load(), 0u);
}

TEST_F(DeviceRingTest, CountsTheDevicesDropsOnceAndWhereTheyWere) {
  Words().dropped_first_step = 7;
  Words().dropped_last_step = 9;
  Words().dropped_rows = 30;
  ring_.Pump(&to_);
  ring_.Pump(&to_);
  DropRecord drops{};
  ASSERT_TRUE(to_.TakeDrops(&drops));
  EXPECT_EQ(drops.rows, 30u);
  EXPECT_EQ(drops.first_step, 7u);
  EXPECT_EQ(drops.last_step, 9u);
  Words().dropped_last_step = 5000;
  Words().dropped_rows = 31;
  ring_.Pump(&to_);
  ASSERT_TRUE(to_.TakeDrops(&drops));
  EXPECT_EQ(drops.rows, 1u);
  EXPECT_GE(drops.first_step, 9u) << "not from the first drop on";
  EXPECT_EQ(drops.last_step, 5000u);
}

TEST_F(DeviceRingTest, CountsAllAsLostOnceMuted) {
  Publish(0, 3);
  ring_.Mute();
  ring_.Pump(&to_);
  EXPECT_THAT(Steps(), IsEmpty());
  EXPECT_EQ(header_->dropped_rows.load(), 2u);
  EXPECT_EQ(Words().consumed, 1u) << "the device goes on";
}

TEST_F(DeviceRingTest, DoesNotReadBehindASlot) {
  Publish(0, 3, 2, 3);
  auto* header = reinterpret_cast<SlotHeader*>(ring_.DeviceSlots(base_));
  header->rows = 100000;
  ring_.Pump(&to_);
  EXPECT_THAT(Steps(), IsEmpty());
  EXPECT_EQ(header_->dropped_rows.load(), 100000u);
}

}  // namespace
}  // namespace moetap
