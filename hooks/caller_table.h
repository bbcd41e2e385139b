// The objects that hooked calls came from, by address.
#ifndef MOETAP_HOOKS_CALLER_TABLE_H_
#define MOETAP_HOOKS_CALLER_TABLE_H_

#include <atomic>
#include <cstdint>

namespace moetap {

// Numbers ranges of addresses 0, 1, ... in the order in which they come.
// Find() is a binary search over an immutable sorted list; Add() writes a new
// list and publishes it.  Nothing is ever removed.  Any thread, no lock.
class CallerTable {
 public:
  static constexpr uint32_t kCallers = 128;

  // The number of the range that `address` lies in; -1 if there is none.
  int Find(uintptr_t address) const {
    const List list = Unpack(list_.load(std::memory_order_acquire));
    if (list.size == 0) return -1;
    const Range* range = ranges_ + list.first;
    for (uint32_t n = list.size; n > 1;) {
      uint32_t half = n / 2;
      range += range[half].begin <= address ? half : 0;
      n -= half;
    }
    bool inside = address >= range->begin && address < range->end;
    return inside ? static_cast<int>(range->number) : -1;
  }

  // The number of [begin, end); -1 if the table is full.
  int Add(uintptr_t begin, uintptr_t end);

 private:
  struct Range {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    uint32_t number = 0;
  };
  struct List {
    uint32_t first;  // in ranges_
    uint32_t size;
  };
  // All lists of a table that one thread fills, twice: where threads race, the
  // slower one's list is lost.
  static constexpr uint32_t kRanges = kCallers * (kCallers + 1);

  static List Unpack(uint64_t packed) {
    return {static_cast<uint32_t>(packed >> 32), static_cast<uint32_t>(packed)};
  }

  void WriteList(const List& old, const Range& added, uint32_t first);

  std::atomic<uint64_t> list_ = 0;
  std::atomic<uint32_t> used_ = 0;
  Range ranges_[kRanges];
};

}  // namespace moetap

#endif  // MOETAP_HOOKS_CALLER_TABLE_H_
