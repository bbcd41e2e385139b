#include "plugin/records.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "plugin/keep_errno.h"
#include "plugin/say.h"

namespace moetap {
namespace {

constexpr size_t kMaxStatusText = 2048;

// The longest that one record waits for room.  If the writer hangs (a dead
// network disk), the host loses this once and not again until it moves.
constexpr int kMaxNaps = 5000;
constexpr timespec kNap = {0, 1'000'000};

bool WaitForRoom(Process* process, size_t payload_size,
                 RingBuffer::Reservation* reservation) {
  RingHeader* header = process->ring.header();
  const auto persisted = [&] {
    return header->persisted.load(std::memory_order_relaxed) + 1;
  };
  if (process->stuck_at.load(std::memory_order_relaxed) == persisted()) {
    return false;
  }
  const Uncancelled uncancelled;
  const KeepErrno keep;
  header->stalls.fetch_add(1, std::memory_order_relaxed);
  for (int naps = 0; naps < kMaxNaps; ++naps) {
    nanosleep(&kNap, nullptr);
    if (process->ring.Reserve(payload_size, reservation)) return true;
  }
  process->stuck_at.store(persisted(), std::memory_order_relaxed);
  return false;
}

// Not counted as lost if there is no room: it will be told later.
bool TellLayer(Process* process, size_t slot) {
  const LayerRecord record = process->layers.record(slot);
  const std::string_view hook =
      std::string_view(process->layers.hook(slot)).substr(0, kMaxHookName);
  RingBuffer::Reservation reservation;
  if (!Reserve(process, sizeof(record) + hook.size(), &reservation)) {
    return false;
  }
  memcpy(reservation.payload(), &record, sizeof(record));
  memcpy(reservation.payload() + sizeof(record), hook.data(), hook.size());
  process->ring.Publish(reservation, RecordType::kLayer);
  process->layers.SetTold(slot);
  return true;
}

// False also if too many codes were said before.
bool FirstTime(Process* process, std::string_view code) {
  ProcessLock lock(process);
  for (auto& said : process->codes_said) {
    code = code.substr(0, sizeof(said) - 1);
    if (said[0] == '\0') {
      memcpy(said, code.data(), code.size());
      return true;
    }
    if (code == said) return false;
  }
  return false;
}

}  // namespace

bool Reserve(Process* process, size_t payload_size,
             RingBuffer::Reservation* reservation) {
  if (process->ring.Reserve(payload_size, reservation)) return true;
  return GetConfig().block_on_full &&
         WaitForRoom(process, payload_size, reservation);
}

bool Write(Process* process, RecordType type,
           std::initializer_list<Bytes> parts) {
  size_t size = 0;
  for (const Bytes& part : parts) size += part.size();
  RingBuffer::Reservation reservation;
  if (size > kMaxPayload || !Reserve(process, size, &reservation)) {
    process->ring.CountDrop(process->step.load(std::memory_order_relaxed), 0,
                            1);
    return false;
  }
  uint8_t* at = reservation.payload();
  for (const Bytes& part : parts) {
    if (part.empty()) continue;
    memcpy(at, part.data(), part.size());
    at += part.size();
  }
  process->ring.Publish(reservation, type);
  return true;
}

void WriteFact(Process* process, std::string_view key, std::string_view value) {
  Write(process, RecordType::kFact,
        {AsBytes(key), AsBytes(std::string_view("", 1)), AsBytes(value)});
}

void WriteStatus(Process* process, std::string_view code,
                 std::string_view text) {
  if (!FirstTime(process, code)) return;
  const Uncancelled uncancelled;
  text = text.substr(0, kMaxStatusText);
  Say("%.*s: %.*s", static_cast<int>(code.size()), code.data(),
      static_cast<int>(text.size()), text.data());
  Write(process, RecordType::kStatus,
        {AsBytes(code), AsBytes(std::string_view("", 1)), AsBytes(text)});
}

void TellLayers(Process* process) {
  LayerTable& layers = process->layers;
  bool untold = false;
  for (size_t slot = 0; slot < layers.size(); ++slot) {
    if (layers.told(slot)) continue;
    untold = !TellLayer(process, slot);
    if (untold) break;
  }
  process->layers_untold.store(untold, std::memory_order_relaxed);
}

}  // namespace moetap
