// ring_stress PRODUCERS RECORDS: that many records in all through a ring that
// wraps every 65,536 of them; ends with 1 at the first one that is torn, lost
// or there twice.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "plugin/ring_buffer.h"

namespace moetap {
namespace {

constexpr uint64_t kRecordBytes = 48;
constexpr uint64_t kCapacity = 65536 * kRecordBytes;

struct Message {
  uint64_t producer;
  uint64_t number;
  uint64_t seal;
};

uint64_t Seal(uint64_t producer, uint64_t number) {
  return (number << 8 | producer) * 0x9E3779B97F4A7C15u;
}

// 24 bytes, and now and then 8 more, so that records end anywhere.
void Produce(RingBuffer* ring, uint64_t producer, uint64_t n) {
  for (uint64_t number = 0; number < n; ++number) {
    const Message message = {producer, number, Seal(producer, number)};
    const size_t size = sizeof(message) + (number % 5 == 0 ? 16 : 0);
    RingBuffer::Reservation reservation;
    while (!ring->Reserve(size, &reservation)) std::this_thread::yield();
    memset(reservation.payload(), 0, size);
    memcpy(reservation.payload(), &message, sizeof(message));
    ring->Publish(reservation, RecordType::kStatus);
  }
}

bool Good(const RingBuffer::Record& record, std::vector<uint64_t>* next) {
  Message message;
  if (record.payload.size() < sizeof(message)) return false;
  memcpy(&message, record.payload.data(), sizeof(message));
  if (message.producer >= next->size()) return false;
  uint64_t& expected = (*next)[message.producer];
  if (message.number != expected ||
      message.seal != Seal(message.producer, message.number)) {
    return false;
  }
  ++expected;
  return true;
}

// False at a record that is not the next of its producer.
bool Consume(RingBuffer* ring, uint64_t producers, uint64_t records,
             uint64_t* end) {
  std::vector<uint64_t> next(producers);
  uint64_t at = 0;
  for (uint64_t seen = 0; seen < records;) {
    RingBuffer::Record record;
    if (ring->Peek(at, &record) != RingBuffer::Peeked::kRecord) {
      ring->Persist(at);
      std::this_thread::yield();
      continue;
    }
    if (record.type != RecordType::kPad) {
      if (!Good(record, &next)) return false;
      ++seen;
    }
    at = record.end;
    if (at % (kCapacity / 64) < 64) ring->Persist(at);
  }
  *end = at;
  return true;
}

int Main(int argc, char** argv) {
  if (argc != 3) return 2;
  const uint64_t producers = strtoull(argv[1], nullptr, 10);
  const uint64_t each = strtoull(argv[2], nullptr, 10) / producers;
  void* memory =
      mmap(nullptr, kRingHeaderBytes + kCapacity, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  auto* header = new (memory) RingHeader;
  header->capacity = kCapacity;
  header->nonce = 0x1234567890abcdef;
  RingBuffer ring{};
  ring.Attach(header);
  std::vector<std::thread> threads;
  for (uint64_t p = 0; p < producers; ++p) {
    threads.emplace_back(Produce, &ring, p, each);
  }
  uint64_t end = 0;
  if (!Consume(&ring, producers, producers * each, &end)) {
    puts("a record is torn, lost or there twice");
    _Exit(1);  // the producers would wait for ever
  }
  for (std::thread& thread : threads) thread.join();
  const bool empty = end == header->reserved.load();
  printf("%lu records of %lu producers, %lu laps\n", producers * each,
         producers, end / kCapacity);
  return empty ? 0 : 1;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
