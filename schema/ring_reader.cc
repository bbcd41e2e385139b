#include "schema/ring_reader.h"

#include <algorithm>
#include <cstring>

namespace moetap {
namespace {

// No ring lives to see it, and positions below it add up without overflow.
constexpr uint64_t kMaxPosition = uint64_t{1} << 62;

// Copies a trivially copyable value out of unaligned bytes.
template <typename T>
T Load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// std::atomic<uint64_t> has the representation of uint64_t on every platform
// that ring_format.h admits (always lock-free, same size).
uint64_t LoadWord(const uint8_t* header, size_t offset) {
  return Load<uint64_t>(header + offset);
}

}  // namespace

bool RingReader::Open(Bytes bytes) {
  if (bytes.size() < kRingHeaderBytes) return false;
  const uint8_t* h = bytes.data();
  if (LoadWord(h, offsetof(RingHeader, magic)) != kRingMagic ||
      Load<uint32_t>(h + offsetof(RingHeader, version)) != kRingVersion) {
    return false;
  }
  info_.pid = Load<uint32_t>(h + offsetof(RingHeader, pid));
  info_.pid_start = LoadWord(h, offsetof(RingHeader, pid_start));
  info_.pid_ns = LoadWord(h, offsetof(RingHeader, pid_ns));
  std::memcpy(info_.boot_id, h + offsetof(RingHeader, boot_id),
              sizeof(info_.boot_id));
  std::memcpy(info_.file_uuid.data(), h + offsetof(RingHeader, file_uuid),
              info_.file_uuid.size());
  info_.nonce = LoadWord(h, offsetof(RingHeader, nonce));
  info_.capacity = LoadWord(h, offsetof(RingHeader, capacity));
  std::memcpy(info_.capture_file, h + offsetof(RingHeader, capture_file),
              sizeof(info_.capture_file));
  info_.capture_file[sizeof(info_.capture_file) - 1] = '\0';
  info_.reserved = LoadWord(h, offsetof(RingHeader, reserved));
  info_.persisted = LoadWord(h, offsetof(RingHeader, persisted));
  info_.counters.rows = LoadWord(h, offsetof(RingHeader, rows));
  info_.counters.dispatches = LoadWord(h, offsetof(RingHeader, dispatches));
  info_.counters.dropped_rows = LoadWord(h, offsetof(RingHeader, dropped_rows));
  info_.counters.dropped_records =
      LoadWord(h, offsetof(RingHeader, dropped_records));
  info_.counters.stalls = LoadWord(h, offsetof(RingHeader, stalls));

  data_ = bytes.subspan(kRingHeaderBytes);
  if (info_.capacity < kRecordAlign || info_.capacity % kRecordAlign != 0 ||
      data_.size() < info_.capacity || info_.reserved > kMaxPosition ||
      info_.reserved < info_.persisted ||
      info_.reserved - info_.persisted > info_.capacity) {
    return false;
  }
  data_ = data_.first(info_.capacity);
  Seek(info_.persisted);
  return true;
}

void RingReader::Seek(uint64_t from) {
  const uint64_t start = std::clamp(from, info_.persisted, info_.reserved);
  position_ = (start + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
  unpublished_ = 0;
}

bool RingReader::Published(uint64_t position, RingRecord* record) const {
  const uint64_t offset = position % info_.capacity;
  const uint8_t* at = data_.data() + offset;
  if (LoadWord(at, offsetof(RecordHeader, commit)) !=
      CommitWord(position, info_.nonce)) {
    return false;
  }
  const auto size = Load<uint32_t>(at + offsetof(RecordHeader, size));
  const auto padding = Load<uint16_t>(at + offsetof(RecordHeader, padding));
  if (size < sizeof(RecordHeader) || size % kRecordAlign != 0 ||
      size > info_.capacity - offset || size > info_.reserved - position ||
      padding >= kRecordAlign || padding > size - sizeof(RecordHeader)) {
    return false;
  }
  record->position = position;
  record->end = position + size;
  record->type = static_cast<RecordType>(
      Load<uint16_t>(at + offsetof(RecordHeader, type)));
  record->payload =
      Bytes(at + sizeof(RecordHeader), size - sizeof(RecordHeader) - padding);
  return true;
}

bool RingReader::Next(RingRecord* record) {
  while (position_ + sizeof(RecordHeader) <= info_.reserved) {
    if (!Published(position_, record)) {
      position_ += kRecordAlign;
      ++unpublished_;
      continue;
    }
    position_ = record->end;
    if (record->type != RecordType::kPad) return true;
  }
  return false;
}

}  // namespace moetap
