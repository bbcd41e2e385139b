// Which kernel a launch is of.  A launch names its kernel by a handle: the
// host function that stands for it, a cudaKernel_t or a CUfunction.  All kinds
// are addresses, and share one table.
//
// Only kernels of ours are in it, so that a look-up for any other mostly ends
// at the first slot it looks at.  Handles are reused after a library was
// unloaded: every call that hands out a handle must be told here, those of
// foreign kernels too, and a handle then stops to mean what it meant.
#ifndef MOETAP_HOOKS_CUDA_KERNEL_TABLE_H_
#define MOETAP_HOOKS_CUDA_KERNEL_TABLE_H_

#include <atomic>
#include <cstdint>

#include "hooks/cuda/kernel_match.h"

namespace moetap {

// A kernel of ours: one for all names that match alike, but one for each name
// of an unknown form.
struct Kernel {
  KernelMatch match;
  char name[512] = "";  // mangled, cut; empty unless kUnknownForm
  uint64_t name_hash = 0;
  std::atomic<bool> reported = false;  // to OnUnknownKernel()
};

// In static memory, as it needs 1 MiB; all pages that nobody touched are free.
// Any thread, no lock.
class KernelTable {
 public:
  static constexpr uint32_t kHandles = 24576;
  static constexpr uint32_t kKernels = 1024;

  // Null if the handle is of no kernel of ours.
  Kernel* Find(const void* handle) const {
    for (uint32_t at = Slot(handle);; at = (at + 1) % kSlots) {
      const void* found = slots_[at].handle.load(std::memory_order_acquire);
      if (found == handle) {
        return slots_[at].kernel.load(std::memory_order_acquire);
      }
      if (found == nullptr) return nullptr;
    }
  }

  // From now on `handle` is of the kernel that is registered as `name`, of
  // whomever; a null name is foreign.
  void Name(const void* handle, const char* name);

  // From now on `handle` is of the kernel `name` with this match.
  void Match(const void* handle, const KernelMatch& match, const char* name);

  // From now on `handle` is of `kernel`; null: of a foreign kernel.
  void Assign(const void* handle, Kernel* kernel);

 private:
  // A handle keeps its slot for good.
  struct Entry {
    std::atomic<const void*> handle = nullptr;
    std::atomic<Kernel*> kernel = nullptr;
  };
  // More than kHandles: each look-up ends at an empty slot.
  static constexpr uint32_t kSlots = 32768;

  static uint32_t Slot(const void* handle) {
    uint64_t mixed = reinterpret_cast<uintptr_t>(handle) * 0x9e3779b97f4a7c15;
    return static_cast<uint32_t>(mixed >> 32) % kSlots;
  }

  Entry* EntryOf(const void* handle, bool insert);
  Kernel* KernelFor(const KernelMatch& match, const char* name);

  Entry slots_[kSlots];
  std::atomic<uint32_t> handles_ = 0;
  Kernel kernels_[kKernels];
  std::atomic<bool> written_[kKernels] = {};
  std::atomic<uint32_t> kernels_used_ = 0;
};

extern KernelTable g_kernels;

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_KERNEL_TABLE_H_
