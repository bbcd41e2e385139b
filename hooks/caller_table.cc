#include "hooks/caller_table.h"

#include <algorithm>

namespace moetap {

int CallerTable::Add(uintptr_t begin, uintptr_t end) {
  uint64_t packed = list_.load(std::memory_order_acquire);
  while (true) {
    if (int number = Find(begin); number >= 0) return number;
    const List old = Unpack(packed);
    if (old.size == kCallers) return -1;
    const uint32_t size = old.size + 1;
    const uint32_t first = used_.fetch_add(size, std::memory_order_relaxed);
    if (first > kRanges - size) {
      used_.store(kRanges, std::memory_order_relaxed);
      return -1;
    }
    WriteList(old, {begin, end, old.size}, first);
    const uint64_t fresh = uint64_t{first} << 32 | size;
    if (list_.compare_exchange_weak(packed, fresh, std::memory_order_acq_rel)) {
      return static_cast<int>(old.size);
    }
  }
}

void CallerTable::WriteList(const List& old, const Range& added,
                            uint32_t first) {
  const Range* from = ranges_ + old.first;
  const Range* from_end = from + old.size;
  auto before = [](const Range& a, const Range& b) {
    return a.begin < b.begin;
  };
  const Range* at = std::lower_bound(from, from_end, added, before);
  Range* to = std::copy(from, at, ranges_ + first);
  *to++ = added;
  std::copy(at, from_end, to);
}

}  // namespace moetap
