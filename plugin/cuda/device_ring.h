// The host's side of the ring that the capture kernel fills
// (capture_kernel.h): one per context, in memory that the device can reach.
#ifndef MOETAP_PLUGIN_CUDA_DEVICE_RING_H_
#define MOETAP_PLUGIN_CUDA_DEVICE_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plugin/cuda/capture_kernel.h"
#include "plugin/ring_buffer.h"

namespace moetap {

// All-zero bytes are a ring without memory.
class DeviceRing {
 public:
  // Maps memory for `bytes` of slots, at least one.  False: no memory.
  bool Map(size_t bytes);
  void Unmap();

  void* memory() const { return words_; }
  size_t memory_bytes() const { return mapped_; }
  uint32_t slot_count() const { return slot_count_; }

  // Where words and slots are for the device, once memory() is at `base`.
  RingWords* DeviceWords(uint64_t base) const;
  uint8_t* DeviceSlots(uint64_t base) const;

  // What comes from now on cannot be trusted: it is counted as lost.
  // Any thread.
  void Mute() { muted_.store(true, std::memory_order_release); }

  // The writer thread: moves what is published to `to`, as far as there is
  // room, and counts there what the device had no room for.
  void Pump(RingBuffer* to);

 private:
  bool Move(const SlotHeader& slot, RingBuffer* to) const;
  void CountDrops(RingBuffer* to);
  SlotHeader* At(uint64_t ticket) const;

  RingWords* words_;
  uint8_t* slots_;
  size_t mapped_;
  uint32_t slot_count_;
  uint64_t next_;          // ticket of the next slot to take
  uint64_t counted_rows_;  // drops that were counted
  uint64_t counted_step_;  // and the last step they were from
  std::atomic<bool> muted_;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_DEVICE_RING_H_
