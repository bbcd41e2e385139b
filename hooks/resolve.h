// Finds the function that a hook stands in for.
#ifndef MOETAP_HOOKS_RESOLVE_H_
#define MOETAP_HOOKS_RESOLVE_H_

#include <atomic>
#include <cstdint>

#include "hooks/caller_table.h"
#include "hooks/shortcut.h"

namespace moetap {

// The objects that any hooked call came from; all RealFunctions share it.
extern CallerTable g_callers;

// The real function behind one hook.  Engines dlopen their extension late and
// locally, so RTLD_NEXT does not see it: the object that the call comes from
// is asked first, with what it depends on, then every other loaded object but
// our own.  A definition that comes before ours in the loader's order is not
// taken: it is another hook, which called this one.  Several objects may each
// have their own real function.
//
// Any thread may call.  The object that defines the function is kept loaded
// for good.  errno is kept.
class RealFunction {
 public:
  // `base_name` is what a message calls the function.  `shortcut`, which may be
  // null, is set for the object that the first call comes from.
  constexpr RealFunction(const char* symbol, const char* base_name,
                         Shortcut* shortcut = nullptr)
      : symbol_(symbol), base_name_(base_name), shortcut_(shortcut) {}
  RealFunction(const RealFunction&) = delete;
  RealFunction& operator=(const RealFunction&) = delete;

  // Null if no loaded object defines the function.  `caller` is the return
  // address of the hooked call.  Hot after the first call from an object: a
  // binary search among the callers.
  void* FindOrNull(const void* caller) {
    if (shortcut_ != nullptr) {
      const uintptr_t size = shortcut_->size.load(std::memory_order_acquire);
      const uintptr_t begin = shortcut_->begin.load(std::memory_order_relaxed);
      if (reinterpret_cast<uintptr_t>(caller) - begin < size) {
        return shortcut_->real.load(std::memory_order_relaxed);
      }
    }
    int number = g_callers.Find(reinterpret_cast<uintptr_t>(caller));
    if (number >= 0) {
      void* real = reals_[number].load(std::memory_order_acquire);
      if (real != nullptr) return real;
    }
    return FindSlowly(caller);
  }

  // The same, for functions that have no way to report a failure.
  //
  // If no loaded object defines the function there is nothing to forward to,
  // and without this library the process would have ended here with the
  // loader's "symbol lookup error".  Find() then says so once on stderr and
  // throws std::runtime_error by means of the process's own libstdc++, which
  // torch turns into a Python exception.  Where there is no libstdc++ the
  // process ends as the loader ends it, with status 127.
  void* Find(const void* caller) {
    void* real = FindOrNull(caller);
    if (real == nullptr) RaiseMissing();
    return real;
  }

 private:
  void Remember(uintptr_t begin, uintptr_t end, void* real);
  void* FindSlowly(const void* caller);
  [[noreturn]] void RaiseMissing();

  const char* symbol_;
  const char* base_name_;
  Shortcut* shortcut_;
  std::atomic<bool> shortcut_taken_ = false;
  // By the caller's number; published last.
  std::atomic<void*> reals_[CallerTable::kCallers] = {};
  std::atomic<bool> said_missing_ = false;
};

}  // namespace moetap

#endif  // MOETAP_HOOKS_RESOLVE_H_
