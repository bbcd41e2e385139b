// Finds the function that a hook stands in for.
#ifndef MOETAP_HOOKS_RESOLVE_H_
#define MOETAP_HOOKS_RESOLVE_H_

#include <atomic>
#include <cstdint>

#include "hooks/registry.h"

namespace moetap {

// The real function behind one registry row.  Engines dlopen their extension
// late and locally, so RTLD_NEXT does not see it: the object that the call
// comes from is asked first, then every other loaded object but our own.
// Several objects may each have their own real function.
//
// Any thread may call Find().  The object that defines the function is kept
// loaded for good.  errno is kept.
class RealFunction {
 public:
  explicit constexpr RealFunction(const HookRow& row) : row_(row) {}
  RealFunction(const RealFunction&) = delete;
  RealFunction& operator=(const RealFunction&) = delete;

  // `caller` is the return address of the hooked call.  Hot after the first
  // call from an object: two loads and two comparisons.
  //
  // If no loaded object defines the function there is nothing to forward to,
  // and without this library the process would have ended here with the
  // loader's "symbol lookup error".  Find() then says so once on stderr and
  // throws std::runtime_error by means of the process's own libstdc++, which
  // torch turns into a Python exception.  Where there is no libstdc++ the
  // process ends as the loader ends it, with status 127.
  void* Find(const void* caller) {
    auto address = reinterpret_cast<uintptr_t>(caller);
    for (const Entry& entry : entries_) {
      void* real = entry.real.load(std::memory_order_acquire);
      if (real == nullptr) break;
      if (address >= entry.begin && address < entry.end) return real;
    }
    return FindSlowly(caller);
  }

 private:
  // Calls from [begin, end) go to `real`, which is published last.
  struct Entry {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    std::atomic<void*> real = nullptr;
  };
  static constexpr uint32_t kEntries = 8;

  void* FindSlowly(const void* caller);
  void Remember(uintptr_t begin, uintptr_t end, void* real);
  [[noreturn]] void RaiseMissing();

  const HookRow& row_;
  Entry entries_[kEntries];
  std::atomic<uint32_t> used_ = 0;
  std::atomic<bool> said_missing_ = false;
};

}  // namespace moetap

#endif  // MOETAP_HOOKS_RESOLVE_H_
