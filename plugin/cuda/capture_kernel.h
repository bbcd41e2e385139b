// The capture kernel: copies the ids that a router just wrote into a ring in
// host memory.  One source for the device (capture_kernel.cu, compiled to PTX)
// and for the host (tests run it as plain code); only `Machine` differs.
//
// Ring: `slots` slots of kSlotBytes in mapped host memory, one DispatchRecord
// and its ids each.  Ticket t (0, 1, ...) is slot t % slots.  A block takes a
// ticket from `DeviceState::head` in device memory, fills the slot and
// publishes it by a system-scope release store of t + 1 to `SlotHeader::commit`
// (fresh slots hold 0).  Blocks of several streams publish in any order; the
// reader, the recorder's writer thread, takes slots in order of tickets and
// returns them by advancing `RingWords::consumed`.  A block that finds no room
// takes no ticket: it adds its rows to `dropped_rows` and ends.
#ifndef MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_H_
#define MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_H_

#include <stdint.h>

#ifdef __CUDACC__
#define MOETAP_DEVICE __device__ __forceinline__
#else
#define MOETAP_DEVICE inline
#endif

namespace moetap {

inline constexpr uint32_t kSlotBytes = 4096;
inline constexpr uint32_t kAllRows = 0xFFFFFFFF;
inline constexpr uint16_t kDeviceNoRoute = 0xFFFF;  // kNoRoute of schema/

// Kernel names in the PTX.
inline constexpr char kCaptureKernelName[] = "moetap_capture";
inline constexpr char kSetStepKernelName[] = "moetap_set_step";

struct SlotHeader {
  uint64_t commit;  // ticket + 1 once published
  // As DispatchRecord of schema/ring_format.h.
  uint64_t step;
  uint32_t row_offset;
  uint32_t rows;
  uint32_t total_rows;
  uint16_t layer;
  uint16_t k;
  // uint16_t ids[rows * k] follow.
};
static_assert(sizeof(SlotHeader) == 32);

// In mapped host memory.  The device alone writes the drops, the host alone
// `consumed`; each reads the other's.
struct RingWords {
  uint64_t consumed;  // tickets the reader is done with
  uint64_t reserved[7];
  uint64_t dropped_rows;
  uint64_t dropped_first_step;  // UINT64_MAX: none
  uint64_t dropped_last_step;
};

// In device memory, zero at first.
struct DeviceState {
  uint64_t head;      // next ticket
  uint64_t consumed;  // RingWords::consumed when it was last looked at
};

// The step that a graph's launches belong to, in device memory; written in
// stream order before each launch.
struct StepWord {
  uint64_t step;       // 0 = none was announced
  uint32_t real_rows;  // rows that are tokens, from row 0; kAllRows = unknown
  uint32_t reserved;
};

// By value, as the kernel's one parameter.
struct CaptureParams {
  const void* ids;         // [rows, k], packed
  const uint8_t* padding;  // [rows] or null
  DeviceState* state;
  RingWords* words;
  uint8_t* slots;
  const StepWord* step_word;  // null: `step` and `real_rows` below count
  uint64_t step;
  uint32_t real_rows;
  uint32_t slot_count;
  uint32_t rows;
  uint16_t k;
  uint16_t layer;    // LayerRecord.slot
  uint8_t id_bytes;  // 1, 2, 4 or 8
  uint8_t id_signed;
};

struct SetStepParams {
  StepWord* word;
  uint64_t step;
  uint32_t real_rows;
};

// Rows of a slot, and blocks of a launch; the grid is (blocks, 1, 1).
MOETAP_DEVICE uint32_t RowsPerSlot(uint32_t k) {
  return (kSlotBytes - static_cast<uint32_t>(sizeof(SlotHeader))) / (k * 2);
}
MOETAP_DEVICE uint32_t CaptureBlocks(uint32_t rows, uint32_t k) {
  return (rows + RowsPerSlot(k) - 1) / RowsPerSlot(k);
}
inline constexpr uint32_t kCaptureThreads = 128;

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CAPTURE_KERNEL_H_
