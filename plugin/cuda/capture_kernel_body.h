// What the kernels of capture_kernel.h do, as templates over a `Machine`, one
// thread's view of the processor it runs on:
//
//   kThreads                 threads of a block; the last one is the leader
//   block(), thread()        of this thread
//   WaitForDependencies()    until the launches before this one are complete
//   LaunchDependents()       lets launches behind this one begin
//   Barrier()                of the block; orders memory between its threads
//   FromLeader(value)        the leader's uint32_t to every thread; a Barrier()
//   Load16, Store16          16 bytes at a multiple of 16
//   LoadRelaxed, LoadAcquireDevice, StoreReleaseDevice, CompareExchange
//                            of uint64_t between the threads of the device
//   LoadAcquireSystem, StoreReleaseSystem
//                            of uint64_t between device and host
//   Min, Max, Add            of uint64_t in mapped memory, atomic within the
//                            device; an Add comes after all that its thread
//                            did before, for the host too
#ifndef MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_BODY_H_
#define MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_BODY_H_

#include <stddef.h>
#include <stdint.h>

#include "plugin/cuda/capture_kernel.h"

// Unrolled on the device, so that arrays are registers there.
#ifdef __CUDACC__
#define MOETAP_UNROLL _Pragma("unroll")
#else
#define MOETAP_UNROLL
#endif

namespace moetap {

// 16 bytes: eight ids of a slot.
struct Chunk {
  uint64_t words[2];
};
inline constexpr uint32_t kChunkIds = 8;
inline constexpr uint32_t kMaxChunks =
    (kSlotBytes - sizeof(SlotHeader)) / sizeof(Chunk);

inline constexpr uint32_t kNoSlot = 0xFFFFFFFF;

// The rows that one block captures.
struct BlockRows {
  uint64_t step;
  uint32_t first;
  uint32_t count;
  uint32_t total;  // of the dispatch, without those that are no tokens
};

MOETAP_DEVICE BlockRows RowsOfBlock(const CaptureParams& p, uint32_t block,
                                    uint32_t rows_per_slot) {
  BlockRows rows;
  rows.step = p.step_word != nullptr ? p.step_word->step : p.step;
  const uint32_t real =
      p.step_word != nullptr ? p.step_word->real_rows : p.real_rows;
  rows.total = real < p.rows ? real : p.rows;
  rows.first = block * rows_per_slot;
  const uint32_t left = rows.first < rows.total ? rows.total - rows.first : 0;
  rows.count = left < rows_per_slot ? left : rows_per_slot;
  return rows;
}

// The `i`-th of the ids that were loaded together.
template <typename Id>
MOETAP_DEVICE Id Element(const Chunk& loaded, uint32_t i) {
  constexpr uint32_t kPerWord = sizeof(uint64_t) / sizeof(Id);
  const uint64_t word = loaded.words[i / kPerWord];
  return static_cast<Id>(word >> (i % kPerWord * 8 * sizeof(Id)));
}

// Below `limit` an id is a route; a negative one is large.
template <typename Id>
MOETAP_DEVICE uint16_t NarrowOne(Id id, uint32_t limit) {
  return id < limit ? static_cast<uint16_t>(id) : kDeviceNoRoute;
}

// Eight ids, of which the first `count` exist.
template <typename Id, typename Machine>
MOETAP_DEVICE void LoadIds(const void* all, size_t at, uint32_t count,
                           uint32_t limit, uint16_t (&ids)[kChunkIds]) {
  constexpr uint32_t kPerLoad = sizeof(Chunk) / sizeof(Id);
  const Id* const from = static_cast<const Id*>(all) + at;
  if (kPerLoad <= kChunkIds && count >= kChunkIds &&
      reinterpret_cast<uintptr_t>(from) % sizeof(Chunk) == 0) {
    Chunk loaded = {};
    MOETAP_UNROLL
    for (uint32_t i = 0; i < kChunkIds; ++i) {
      if (i % kPerLoad == 0) loaded = Machine::Load16(from + i);
      ids[i] = NarrowOne(Element<Id>(loaded, i % kPerLoad), limit);
    }
    return;
  }
  MOETAP_UNROLL
  for (uint32_t i = 0; i < kChunkIds; ++i) {
    ids[i] = i < count ? NarrowOne(from[i], limit) : kDeviceNoRoute;
  }
}

// Bit i: the i-th of `count` ids is of a padding row.  The first is in `column`
// of the row of *padding, which was loaded as `is_padding`.
MOETAP_DEVICE uint32_t PaddingMask(const uint8_t* padding, uint8_t is_padding,
                                   uint32_t column, uint32_t count,
                                   uint32_t k) {
  uint32_t mask = 0;
  MOETAP_UNROLL
  for (uint32_t i = 0; i < kChunkIds && i < count; ++i) {
    if (column == k) {
      column = 0;
      is_padding = *++padding;
    }
    mask |= (is_padding != 0 ? 1u : 0u) << i;
    ++column;
  }
  return mask;
}

// What a slot holds of eight ids of `rows` from `first` on; kDeviceNoRoute
// behind the last id.
template <typename Machine>
MOETAP_DEVICE Chunk Narrow(const CaptureParams& p, const BlockRows& rows,
                           uint32_t first) {
  const uint32_t all = rows.count * p.k;
  const uint32_t count = first < all ? all - first : 0;
  const size_t at = static_cast<size_t>(rows.first) * p.k + first;
  // Loaded here, used last: in flight together with the ids.
  const uint8_t* padding = nullptr;
  uint8_t is_padding = 0;
  if (p.padding != nullptr && count > 0) {
    padding = p.padding + rows.first + first / p.k;
    is_padding = *padding;
  }
  uint16_t ids[kChunkIds];
  if (p.id_bytes == 1) {
    LoadIds<uint8_t, Machine>(p.ids, at, count, p.id_signed ? 0x80 : 0x100,
                              ids);
  } else if (p.id_bytes == 2) {
    LoadIds<uint16_t, Machine>(p.ids, at, count, p.id_signed ? 0x8000 : 0xFFFF,
                               ids);
  } else if (p.id_bytes == 4) {
    LoadIds<uint32_t, Machine>(p.ids, at, count, kDeviceNoRoute, ids);
  } else {
    LoadIds<uint64_t, Machine>(p.ids, at, count, kDeviceNoRoute, ids);
  }
  uint32_t mask = 0;
  if (padding != nullptr) {
    mask = PaddingMask(padding, is_padding, first % p.k, count, p.k);
  }
  Chunk narrowed = {};
  MOETAP_UNROLL
  for (uint32_t i = 0; i < kChunkIds; ++i) {
    const uint64_t id = (mask >> i & 1) != 0 ? kDeviceNoRoute : ids[i];
    narrowed.words[i / 4] |= id << (i % 4 * 16);
  }
  return narrowed;
}

// DeviceState as one thread saw it.
struct SeenState {
  uint64_t head;
  uint64_t consumed;
};

template <typename Machine>
MOETAP_DEVICE SeenState LookAtState(const CaptureParams& p, Machine& machine) {
  SeenState seen;
  seen.head = machine.LoadRelaxed(&p.state->head);
  seen.consumed = machine.LoadAcquireDevice(&p.state->consumed);
  return seen;
}

// Takes the next ticket; false, with kNoSlot, if the ring is full.
//
// `consumed` may be older than `head`, never newer than the host's: what looks
// full is looked at again.  A `head` that others have moved meanwhile fails
// the exchange.  Who finds room has acquired, perhaps through the thread that
// cached `consumed`, what the host released when it had read the slot.
template <typename Machine>
MOETAP_DEVICE bool TakeTicket(const CaptureParams& p, const SeenState& seen,
                              Machine& machine, uint64_t* ticket,
                              uint32_t* slot) {
  uint64_t head = seen.head;
  uint64_t consumed = seen.consumed;
  for (;;) {
    if (head >= consumed + p.slot_count) {
      consumed = machine.LoadAcquireSystem(&p.words->consumed);
      if (head >= consumed + p.slot_count) {
        *slot = kNoSlot;
        return false;
      }
      machine.StoreReleaseDevice(&p.state->consumed, consumed);
    }
    *ticket = head;
    *slot = static_cast<uint32_t>(head % p.slot_count);
    if (machine.CompareExchange(&p.state->head, &head, head + 1)) return true;
  }
}

// The steps before the rows: the range covers whatever is counted.
template <typename Machine>
MOETAP_DEVICE void CountDrop(const CaptureParams& p, const BlockRows& rows,
                             Machine& machine) {
  machine.Min(&p.words->dropped_first_step, rows.step);
  machine.Max(&p.words->dropped_last_step, rows.step);
  machine.Add(&p.words->dropped_rows, rows.count);
}

// All of the header but `commit`, in two stores.
template <typename Machine>
MOETAP_DEVICE void WriteHeader(const CaptureParams& p, const BlockRows& rows,
                               SlotHeader* header) {
  static_assert(offsetof(SlotHeader, row_offset) == 16 &&
                offsetof(SlotHeader, rows) == 20 &&
                offsetof(SlotHeader, total_rows) == 24 &&
                offsetof(SlotHeader, layer) == 28 &&
                offsetof(SlotHeader, k) == 30);
  header->step = rows.step;
  const Chunk rest = {{rows.first | static_cast<uint64_t>(rows.count) << 32,
                       rows.total | static_cast<uint64_t>(p.layer) << 32 |
                           static_cast<uint64_t>(p.k) << 48}};
  Machine::Store16(&header->row_offset, rest);
}

// Chunks of a slot that one thread fills.
template <typename Machine>
inline constexpr uint32_t kChunksEach =
    (kMaxChunks + Machine::kThreads - 1) / Machine::kThreads;

// The i-th chunk of this thread.
template <typename Machine>
MOETAP_DEVICE uint32_t ChunkOf(const Machine& machine, uint32_t i) {
  return i * Machine::kThreads + machine.thread();
}

// Those of `rows`, in whole 32-byte sectors: the last chunk may be of
// kDeviceNoRoute alone.
MOETAP_DEVICE uint32_t ChunksOf(const BlockRows& rows, uint32_t k) {
  return (rows.count * k + 2 * kChunkIds - 1) / (2 * kChunkIds) * 2;
}

template <typename Machine>
MOETAP_DEVICE bool IsLeader(const Machine& machine) {
  return machine.thread() == Machine::kThreads - 1;
}

// Why the host sees a whole slot once it has acquired its commit word (PTX
// ISA, "Memory Consistency Model"): every store to the slot precedes, in the
// program order of its thread, that thread's arrival at the barrier, which
// synchronizes with the leader's departure from it; so in causality order the
// store comes before what the leader does next.  The leader's store of the
// commit word is a release at system scope.  Release patterns are cumulative:
// whoever acquires the word at system scope, as the host does, comes after all
// that the leader comes after, not only after the leader's own stores.
template <typename Machine>
MOETAP_DEVICE void Publish(const CaptureParams& p, const BlockRows& rows,
                           const Chunk (&mine)[kChunksEach<Machine>],
                           uint8_t* slot, uint64_t ticket, Machine& machine) {
  SlotHeader* const header = reinterpret_cast<SlotHeader*>(slot);
  const uint32_t chunks = ChunksOf(rows, p.k);
  MOETAP_UNROLL
  for (uint32_t i = 0; i < kChunksEach<Machine>; ++i) {
    const uint32_t chunk = ChunkOf(machine, i);
    if (chunk < chunks) {
      Machine::Store16(slot + sizeof(SlotHeader) + chunk * sizeof(Chunk),
                       mine[i]);
    }
  }
  if (IsLeader(machine)) WriteHeader<Machine>(p, rows, header);
  machine.Barrier();
  if (IsLeader(machine)) {
    machine.StoreReleaseSystem(&header->commit, ticket + 1);
  }
}

// A launch behind this one may begin only once this one has seen the router
// complete: without us it could not have begun earlier either.
template <typename Machine>
MOETAP_DEVICE void Capture(const CaptureParams& p, Machine& machine) {
  const uint32_t rows_per_slot = RowsPerSlot(p.k);
  machine.WaitForDependencies();
  machine.LaunchDependents();
  const BlockRows rows = RowsOfBlock(p, machine.block(), rows_per_slot);
  // In flight together with the step word.  At decode the leader has no ids to
  // load and goes for the ticket at once.
  SeenState seen = {};
  if (IsLeader(machine)) seen = LookAtState(p, machine);
  if (rows.count == 0) return;

  const uint32_t chunks = ChunksOf(rows, p.k);
  Chunk mine[kChunksEach<Machine>];
  MOETAP_UNROLL
  for (uint32_t i = 0; i < kChunksEach<Machine>; ++i) {
    const uint32_t chunk = ChunkOf(machine, i);
    if (chunk < chunks) mine[i] = Narrow<Machine>(p, rows, chunk * kChunkIds);
  }
  uint64_t ticket = 0;
  uint32_t slot = kNoSlot;
  if (IsLeader(machine) && !TakeTicket(p, seen, machine, &ticket, &slot)) {
    CountDrop(p, rows, machine);
  }
  slot = machine.FromLeader(slot);
  if (slot == kNoSlot) return;
  Publish(p, rows, mine, p.slots + static_cast<size_t>(slot) * kSlotBytes,
          ticket, machine);
}

template <typename Machine>
MOETAP_DEVICE void SetStep(const SetStepParams& p, Machine& machine) {
  if (machine.thread() != 0) return;
  p.word->step = p.step;
  p.word->real_rows = p.real_rows;
}

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_BODY_H_
