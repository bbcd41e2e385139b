// What the definitions of interposed entry points are made of.
//
// An entry point has the name and the parameters of the real function, which
// it calls in any case, with its arguments as they are.  What it observes is
// reported to the sink on the same thread.
#ifndef MOETAP_HOOKS_CUDA_ENTRY_POINT_H_
#define MOETAP_HOOKS_CUDA_ENTRY_POINT_H_

#include "hooks/cuda/cuda_abi.h"
#include "hooks/cuda/launch_sink.h"
#include "hooks/resolve.h"

#define MOETAP_ENTRY_POINT extern "C" __attribute__((visibility("default")))

namespace moetap {

// The real function of an entry point of type `Function`, as the caller of the
// entry point would reach it.
template <typename Function>
class RealEntry;

template <typename Result, typename... Args>
class RealEntry<Result(Args...)> {
 public:
  using Pointer = Result (*)(Args...);

  explicit constexpr RealEntry(const char* symbol) : real_(symbol, symbol) {}

  // Null if no loaded object defines it.
  Pointer Find(const void* caller) {
    return reinterpret_cast<Pointer>(real_.FindOrNull(caller));
  }

 private:
  RealFunction real_;
};

// While an entry point runs on a thread, others that are called from inside
// forward and report nothing: a runtime that calls the driver through the
// loader's symbols would make one launch two.
class OutermostCall {
 public:
  OutermostCall() : sink_(depth_++ == 0 ? GetLaunchSink() : nullptr) {}
  ~OutermostCall() { --depth_; }
  OutermostCall(const OutermostCall&) = delete;
  OutermostCall& operator=(const OutermostCall&) = delete;

  // Null if there is none, or the call is an inner one.
  LaunchSink* sink() const { return sink_; }

 private:
  // In the thread block itself: no call, no allocation.
  __attribute__((
      tls_model("initial-exec"))) static inline thread_local int depth_ = 0;

  LaunchSink* sink_;
};

inline CudaStream OrLegacy(CudaStream stream) {
  return stream == nullptr ? kLegacyStream : stream;
}

inline CudaStream OrPerThread(CudaStream stream) {
  return stream == nullptr ? kPerThreadStream : stream;
}

}  // namespace moetap

// The real function of the entry point in whose body this stands.
#define MOETAP_FIND_REAL(symbol)                                              \
  [](const void* caller) {                                                    \
    static constinit moetap::RealEntry<decltype(symbol)> real_entry(#symbol); \
    return real_entry.Find(caller);                                           \
  }(__builtin_return_address(0))

#endif  // MOETAP_HOOKS_CUDA_ENTRY_POINT_H_
