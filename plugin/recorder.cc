#include "plugin/recorder.h"

#include <algorithm>
#include <cstdio>
#include <new>

#include "hooks/registry.h"
#include "plugin/keep_errno.h"
#include "plugin/narrow.h"
#include "plugin/records.h"

namespace moetap {
namespace {

constexpr char kNoKey = 0;  // stands for a layer without a weight address

// Room for whole rows only, so that no record ends inside a set.
uint32_t RowsPerRecord(uint32_t k) {
  return static_cast<uint32_t>((kMaxPayload - sizeof(DispatchRecord)) /
                               (k * sizeof(uint16_t)));
}

// Room in the ring; a call that has to wait for it is timed.
bool ReserveOrWait(Process* process, size_t size,
                   RingBuffer::Reservation* reservation, CallTiming* timing) {
  if (process->ring.Reserve(size, reservation)) return true;
  TimeThisCall(timing);
  return Reserve(process, size, reservation);
}

void CaptureRows(Process* process, const RoutingEvent& event, int slot,
                 CallTiming* timing) {
  const uint64_t step = process->step.load(std::memory_order_relaxed);
  RingBuffer& ring = process->ring;
  const uint32_t most = RowsPerRecord(event.k);
  for (uint32_t row = 0; row < event.rows;) {
    const uint32_t rows = std::min(most, event.rows - row);
    RingBuffer::Reservation reservation;
    if (ReserveOrWait(
            process,
            sizeof(DispatchRecord) + size_t{rows} * event.k * sizeof(uint16_t),
            &reservation, timing)) {
      auto* record = new (reservation.payload()) DispatchRecord;
      record->step = step;
      record->row_offset = row;
      record->rows = rows;
      record->total_rows = event.rows;
      record->slot = static_cast<uint16_t>(slot);
      record->k = static_cast<uint16_t>(event.k);
      NarrowIds(event, row, rows, reinterpret_cast<uint16_t*>(record + 1));
      ring.header()->rows.fetch_add(rows, std::memory_order_relaxed);
      ring.Publish(reservation, RecordType::kDispatch);
    } else {
      ring.CountDrop(step, rows, 0);
    }
    row += rows;
  }
}

void Capture(Process* process, const RoutingEvent& event, CallTiming* timing) {
  if (PicksSample(process->ring.header()->dispatches.fetch_add(
          1, std::memory_order_relaxed))) {
    SampleNextCall();
  }
  if (event.rows == 0) return;
  if (!CanNarrow(event) || event.k == 0 || event.k > kMaxTopK) {
    return CountUnreadable(process, event.hook->base_name,
                           "ids of an unknown kind");
  }
  const void* key = event.layer_key == nullptr ? &kNoKey : event.layer_key;
  int slot = process->layers.Find(key);
  if (slot < 0) {
    TimeThisCall(timing);
    slot = LayerSlot(process, key, event.Experts(), event.hook->symbol);
  }
  if (slot < 0) {  // no room to describe the layer
    process->ring.CountDrop(process->step.load(std::memory_order_relaxed),
                            event.rows, 0);
    return;
  }
  CaptureRows(process, event, slot, timing);
}

}  // namespace

int LayerSlot(Process* process, const void* key, uint32_t experts,
              const char* hook) {
  const int known = process->layers.Find(key);
  if (known >= 0) return known;
  const KeepErrno keep;
  ProcessLock lock(process);
  if (process->layers.Add(key, experts, hook) < 0) return -1;
  process->layers.Number(GetAnnounced().layers());
  TellLayers(process);
  return process->layers.Find(key);
}

void CountUnreadable(Process* process, const char* function, const char* why) {
  const KeepErrno keep;
  process->ring.CountDrop(process->step.load(std::memory_order_relaxed), 0, 1);
  if (process->unreadable_said.exchange(true)) return;
  char text[256];
  snprintf(text, sizeof(text), "%s: %s; rows of such calls are missing",
           function, why);
  WriteStatus(process, "unreadable", text);
}

// What may change errno keeps it: starting, waiting, telling a layer.
void Recorder::OnDispatch(const RoutingEvent& event) {
  CallTiming timing = event.timing;
  Process* process = StartedProcess();
  if (process == nullptr) {
    TimeThisCall(&timing);
    process = StartedOrNew();
    if (process == nullptr) return;
  }
  Capture(process, event, &timing);
  if (timing.calls > 0) process->host_time.AddCall(timing, Ticks());
}

void Recorder::OnUnreadable(const HookRow& hook, const char* why) {
  Process* process = RunningProcess();
  if (process != nullptr) {
    process->ring.header()->dispatches.fetch_add(1, std::memory_order_relaxed);
    CountUnreadable(process, hook.base_name, why);
  }
}

}  // namespace moetap
