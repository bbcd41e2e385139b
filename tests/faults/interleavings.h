// Runs a few threads of control in every order that their atomic operations
// can have, in one thread of the machine.  Sequentially consistent orders only:
// whether acquire and release are where they must be is for ThreadSanitizer.
#ifndef MOETAP_TESTS_FAULTS_INTERLEAVINGS_H_
#define MOETAP_TESTS_FAULTS_INTERLEAVINGS_H_

#include <ucontext.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

namespace moetap {

class Interleavings {
 public:
  // `reset` makes the beginning of every run; each body is one thread.
  // `memory` digests what they share; `check` runs between any two operations
  // and at the end, when it is told true.
  struct Program {
    std::function<void()> reset;
    std::vector<std::function<void()>> bodies;
    std::function<uint64_t()> memory;
    std::function<void(bool ended)> check;
  };
  explicit Interleavings(Program program) : program_(std::move(program)) {}

  void Explore();
  uint64_t states() const { return seen_.size(); }

  // Called in a body before each operation on what is shared.
  static void Step();
  // ... and after it with what it read: a body's state is what it has seen.
  static void Observe(uint64_t value);

 private:
  struct Fiber {
    ucontext_t context;
    std::vector<uint8_t> stack;
    uint64_t seen;
    bool ended;
  };

  static void Enter(int fiber);
  void Begin();
  void Advance(size_t fiber);
  bool NewState();
  void Run(std::vector<uint8_t> schedule);

  Program program_;
  std::vector<Fiber> fibers_;
  ucontext_t main_;
  size_t current_ = 0;
  std::unordered_set<uint64_t> seen_;
  std::vector<std::vector<uint8_t>> untried_;
  static Interleavings* running_;
};

}  // namespace moetap

// The name that code under test uses for std::atomic: it writes `std::atomic`,
// so that a macro can only replace the second half.
namespace std {

template <typename T>
class stepped_atomic {
 public:
  static constexpr bool is_always_lock_free = true;
  constexpr stepped_atomic() = default;
  constexpr stepped_atomic(T value) : value_(value) {}

  T load(memory_order = memory_order_seq_cst) const {
    moetap::Interleavings::Step();
    return Seen(value_);
  }
  void store(T value, memory_order = memory_order_seq_cst) {
    moetap::Interleavings::Step();
    value_ = value;
  }
  T exchange(T value, memory_order = memory_order_seq_cst) {
    moetap::Interleavings::Step();
    const T old = value_;
    value_ = value;
    return Seen(old);
  }
  T fetch_add(T value, memory_order = memory_order_seq_cst) {
    return exchange(value_ + value);
  }
  bool compare_exchange_weak(T& expected, T desired,
                             memory_order = memory_order_seq_cst) {
    moetap::Interleavings::Step();
    const bool same = Seen(value_) == expected;
    if (same) {
      value_ = desired;
    } else {
      expected = value_;
    }
    return same;
  }

 private:
  static T Seen(T value) {
    moetap::Interleavings::Observe(static_cast<uint64_t>(value));
    return value;
  }
  T value_{};
};

}  // namespace std

#endif  // MOETAP_TESTS_FAULTS_INTERLEAVINGS_H_
