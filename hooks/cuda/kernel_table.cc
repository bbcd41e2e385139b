#include "hooks/cuda/kernel_table.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace moetap {
namespace {

using Verdict = KernelMatch::Verdict;

// FNV-1a.
uint64_t HashOf(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

bool SameMatch(const KernelMatch& a, const KernelMatch& b) {
  return a.verdict == b.verdict && a.row == b.row && a.form == b.form &&
         a.id_bytes == b.id_bytes && a.id_signed == b.id_signed &&
         a.experts == b.experts;
}

}  // namespace

constinit KernelTable g_kernels;

void KernelTable::Name(const void* handle, const char* name) {
  Match(handle, name == nullptr ? KernelMatch{} : MatchKernel(name), name);
}

void KernelTable::Match(const void* handle, const KernelMatch& match,
                        const char* name) {
  bool ours = match.verdict != Verdict::kNone;
  Assign(handle, ours ? KernelFor(match, name) : nullptr);
}

void KernelTable::Assign(const void* handle, Kernel* kernel) {
  if (handle == nullptr) return;
  Entry* entry = EntryOf(handle, kernel != nullptr);
  if (entry != nullptr) entry->kernel.store(kernel, std::memory_order_release);
}

// Null if the handle has no entry, and `insert` is false or the table full.
KernelTable::Entry* KernelTable::EntryOf(const void* handle, bool insert) {
  for (uint32_t at = Slot(handle);; at = (at + 1) % kSlots) {
    Entry& entry = slots_[at];
    const void* found = entry.handle.load(std::memory_order_acquire);
    if (found == handle) return &entry;
    if (found != nullptr) continue;
    if (!insert) return nullptr;
    if (handles_.fetch_add(1, std::memory_order_relaxed) >= kHandles) {
      handles_.store(kHandles, std::memory_order_relaxed);
      return nullptr;
    }
    if (entry.handle.compare_exchange_strong(found, handle,
                                             std::memory_order_acq_rel) ||
        found == handle) {
      return &entry;
    }
  }
}

// Null if there are too many.  Threads that race for one kernel may each get
// a copy, which does no harm.
Kernel* KernelTable::KernelFor(const KernelMatch& match, const char* name) {
  const bool unknown = match.verdict == Verdict::kUnknownForm;
  const uint64_t hash = unknown ? HashOf(name) : 0;
  const uint32_t used =
      std::min(kernels_used_.load(std::memory_order_relaxed), kKernels);
  for (uint32_t i = 0; i < used; ++i) {
    if (written_[i].load(std::memory_order_acquire) &&
        kernels_[i].name_hash == hash && SameMatch(kernels_[i].match, match)) {
      return &kernels_[i];
    }
  }
  uint32_t i = kernels_used_.fetch_add(1, std::memory_order_relaxed);
  if (i >= kKernels) {
    kernels_used_.store(kKernels, std::memory_order_relaxed);
    return nullptr;
  }
  kernels_[i].match = match;
  if (unknown) {
    size_t size = std::min(strlen(name), sizeof(Kernel::name) - 1);
    memcpy(kernels_[i].name, name, size);
    kernels_[i].name_hash = hash;
  }
  written_[i].store(true, std::memory_order_release);
  return &kernels_[i];
}

}  // namespace moetap
