// A ring of the capture kernel in plain memory, and the reader's side of it.
#ifndef MOETAP_TESTS_UNIT_PLUGIN_CUDA_RING_H_
#define MOETAP_TESTS_UNIT_PLUGIN_CUDA_RING_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "plugin/cuda/capture_kernel.h"

namespace moetap {

struct Slot {
  SlotHeader header;
  std::vector<uint16_t> ids;
};

class CudaRing {
 public:
  explicit CudaRing(uint32_t slots) : slots_(slots) {
    words_.dropped_first_step = UINT64_MAX;
  }

  // Parameters of a launch into this ring that captures `ids`.
  template <typename Id>
  CaptureParams Params(const Id* ids, uint32_t rows, uint16_t k) {
    CaptureParams params = {};
    params.ids = ids;
    params.state = &state_;
    params.words = &words_;
    params.slots = slots_.front().bytes;
    params.slot_count = static_cast<uint32_t>(slots_.size());
    params.real_rows = kAllRows;
    params.rows = rows;
    params.k = k;
    params.id_bytes = sizeof(Id);
    params.id_signed = std::is_signed_v<Id>;
    return params;
  }

  DeviceState& state() { return state_; }
  RingWords& words() { return words_; }
  uint8_t* bytes(uint64_t ticket) {
    return slots_[ticket % slots_.size()].bytes;
  }

  bool IsPublished(uint64_t ticket) {
    return std::atomic_ref(*reinterpret_cast<uint64_t*>(bytes(ticket)))
               .load(std::memory_order_acquire) == ticket + 1;
  }

  // The next slot in order of tickets; false if it is not published.
  bool Take(Slot* slot) {
    if (!IsPublished(consumed_)) return false;
    const uint8_t* from = bytes(consumed_);
    std::memcpy(&slot->header, from, sizeof(SlotHeader));
    slot->ids.resize(size_t{slot->header.rows} * slot->header.k);
    std::memcpy(slot->ids.data(), from + sizeof(SlotHeader),
                slot->ids.size() * sizeof(uint16_t));
    std::atomic_ref(words_.consumed)
        .store(++consumed_, std::memory_order_release);
    return true;
  }

 private:
  struct alignas(kSlotBytes) SlotBytes {
    uint8_t bytes[kSlotBytes] = {};
  };

  std::vector<SlotBytes> slots_;
  DeviceState state_ = {};
  RingWords words_ = {};
  uint64_t consumed_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_PLUGIN_CUDA_RING_H_
