// The capture kernel among others: what it does in which order, blocks that
// overtake each other, and real threads.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/cuda/host_machine.h"
#include "tests/unit/plugin/cuda_ring.h"

namespace moetap {
namespace {

// Notes what happens, and runs something else once in the middle of it.
class TracedMachine : public HostMachine {
 public:
  TracedMachine() : HostMachine(0) {}

  std::function<void()> at_wait, at_barrier, at_exchange, at_look;
  std::string trace;

  void WaitForDependencies() { Note("wait", &at_wait); }
  void LaunchDependents() { trace += "dependents "; }
  void Barrier() { Note("barrier", &at_barrier); }
  bool CompareExchange(uint64_t* at, uint64_t* expected, uint64_t desired) {
    Note("exchange", &at_exchange);
    return HostMachine::CompareExchange(at, expected, desired);
  }
  uint64_t LoadAcquireSystem(uint64_t* from) {
    Note("look", &at_look);
    return HostMachine::LoadAcquireSystem(from);
  }
  void Min(uint64_t* at, uint64_t value) {
    trace += "min ";
    HostMachine::Min(at, value);
  }
  void Max(uint64_t* at, uint64_t value) {
    trace += "max ";
    HostMachine::Max(at, value);
  }
  void Add(uint64_t* at, uint64_t value) {
    trace += "add ";
    HostMachine::Add(at, value);
  }
  void StoreReleaseSystem(uint64_t* to, uint64_t value) {
    trace += "publish ";
    HostMachine::StoreReleaseSystem(to, value);
  }

 private:
  void Note(const char* what, std::function<void()>* action) {
    trace += std::string(what) + " ";
    if (*action) std::exchange(*action, nullptr)();
  }
};

class CaptureOrder : public testing::Test {
 protected:
  CaptureOrder() {
    first_.step = 1;
    second_.step = 2;
  }

  uint64_t TakeStep() {
    Slot slot;
    return ring_.Take(&slot) ? slot.header.step : 0;
  }

  void PassLaps() {
    for (int i = 0; i < 7; ++i) {
      CaptureOnHost(second_, 1);
      EXPECT_EQ(TakeStep(), 2u);
    }
  }

  CudaRing ring_{2};
  int32_t id_ = 7;
  CaptureParams first_ = ring_.Params(&id_, 1, 1);
  CaptureParams second_ = ring_.Params(&id_, 1, 1);
  TracedMachine machine_;
};

TEST_F(CaptureOrder, WaitsForTheRouterBeforeAnythingElse) {
  StepWord word = {};
  first_.step_word = &word;
  machine_.at_wait = [&] {
    EXPECT_EQ(ring_.state().head, 0u);
    id_ = 9;
    word = {.step = 5, .real_rows = 1, .reserved = 0};
  };
  Capture(first_, machine_);
  EXPECT_EQ(machine_.trace, "wait dependents exchange barrier publish ");
  Slot slot;
  ASSERT_TRUE(ring_.Take(&slot));
  EXPECT_EQ(slot.header.step, 5u);
  EXPECT_EQ(slot.ids, std::vector<uint16_t>{9});
}

TEST_F(CaptureOrder, WaitsEvenIfItHasNoRows) {
  first_.real_rows = 0;
  Capture(first_, machine_);
  EXPECT_EQ(machine_.trace, "wait dependents ");
}

TEST_F(CaptureOrder, StoresTheStepsOfADropBeforeItsRows) {
  for (int i = 0; i < 2; ++i) CaptureOnHost(second_, 1);
  Capture(first_, machine_);
  EXPECT_EQ(machine_.trace, "wait dependents look min max add ");
}

TEST_F(CaptureOrder, ALaterTicketMayBePublishedFirst) {
  machine_.at_barrier = [&] {
    CaptureOnHost(second_, 1);
    EXPECT_FALSE(ring_.IsPublished(0));
    EXPECT_TRUE(ring_.IsPublished(1));
    EXPECT_EQ(TakeStep(), 0u);
  };
  Capture(first_, machine_);
  EXPECT_EQ(TakeStep(), 1u);
  EXPECT_EQ(TakeStep(), 2u);
}

TEST_F(CaptureOrder, ATicketTakenMeanwhileLeavesTheNext) {
  machine_.at_exchange = [&] { CaptureOnHost(second_, 1); };
  Capture(first_, machine_);
  EXPECT_EQ(TakeStep(), 2u);
  EXPECT_EQ(TakeStep(), 1u);
}

TEST_F(CaptureOrder, TheLastTicketTakenMeanwhileIsADrop) {
  CaptureOnHost(second_, 1);
  machine_.at_exchange = [&] { CaptureOnHost(second_, 1); };
  Capture(first_, machine_);
  EXPECT_EQ(ring_.words().dropped_rows, 1u);
  EXPECT_EQ(ring_.words().dropped_last_step, 1u);
  EXPECT_EQ(ring_.state().head, 2u);
}

TEST_F(CaptureOrder, WholeLapsMayPassBeforeTheExchange) {
  machine_.at_exchange = [&] { PassLaps(); };
  Capture(first_, machine_);
  EXPECT_EQ(TakeStep(), 1u);
  EXPECT_EQ(ring_.words().dropped_rows, 0u);
}

TEST_F(CaptureOrder, TheReaderMayBeAheadOfTheHeadThatWasSeen) {
  CaptureOnHost(second_, 1);
  CaptureOnHost(second_, 1);
  machine_.at_look = [&] {
    EXPECT_EQ(TakeStep(), 2u);
    EXPECT_EQ(TakeStep(), 2u);
    PassLaps();
  };
  Capture(first_, machine_);
  EXPECT_EQ(TakeStep(), 1u);
  EXPECT_EQ(ring_.words().dropped_rows, 0u);
}

// A block of four threads, which run launch after launch together.
class ThreadsMachine : public HostMemory {
 public:
  static constexpr uint32_t kThreads = 4;

  struct Shared {
    std::barrier<> barrier{kThreads};
    uint32_t word = 0;
  };

  ThreadsMachine(Shared* shared, uint32_t thread)
      : shared_(shared), thread_(thread) {}

  uint32_t block() const { return 0; }
  uint32_t thread() const { return thread_; }
  void WaitForDependencies() {}
  void LaunchDependents() {}
  void Barrier() { shared_->barrier.arrive_and_wait(); }
  uint32_t FromLeader(uint32_t value) {
    if (thread_ == kThreads - 1) shared_->word = value;
    Barrier();
    return shared_->word;
  }

 private:
  Shared* shared_;
  uint32_t thread_;
};

constexpr uint32_t kStreams = 3;
constexpr uint32_t kLaunches = 200;
constexpr uint32_t kRows = 40;
constexpr uint16_t kTopK = 8;

// Streams that launch into one ring at the same time; `layer` is the stream.
class ThreadedCapture {
 public:
  explicit ThreadedCapture(CudaRing* ring) {
    for (uint16_t stream = 0; stream < kStreams; ++stream) {
      for (uint32_t thread = 0; thread < ThreadsMachine::kThreads; ++thread) {
        threads_.emplace_back(
            [this, ring, stream, thread] { Run(ring, stream, thread); });
      }
    }
  }
  ~ThreadedCapture() {
    for (std::thread& thread : threads_) thread.join();
  }

  bool IsDone() const { return done_ == threads_.size(); }

 private:
  void Run(CudaRing* ring, uint16_t stream, uint32_t thread) {
    ThreadsMachine machine(&shared_[stream], thread);
    for (uint32_t launch = 1; launch <= kLaunches; ++launch) {
      std::vector<int32_t> ids(kRows * kTopK);
      std::iota(ids.begin(), ids.end(), static_cast<int32_t>(launch));
      CaptureParams params = ring->Params(ids.data(), kRows, kTopK);
      params.step = launch;
      params.layer = stream;
      Capture(params, machine);
      machine.Barrier();  // the end of the launch
    }
    ++done_;
  }

  ThreadsMachine::Shared shared_[kStreams];
  std::atomic<uint32_t> done_ = 0;
  std::vector<std::thread> threads_;
};

TEST(CaptureThreads, EverySlotIsWholeAndEveryRowIsCounted) {
  CudaRing ring(3);
  uint64_t taken = 0;
  uint64_t last_step[kStreams] = {};
  {
    ThreadedCapture capture(&ring);
    for (bool last_look = false; !last_look;) {
      last_look = capture.IsDone();
      for (Slot slot; ring.Take(&slot); ++taken) {
        const SlotHeader& header = slot.header;
        ASSERT_LT(header.layer, kStreams);
        ASSERT_GT(header.step, last_step[header.layer]);
        last_step[header.layer] = header.step;
        std::vector<uint16_t> expected(kRows * kTopK);
        std::iota(expected.begin(), expected.end(),
                  static_cast<uint16_t>(header.step));
        ASSERT_EQ(slot.ids, expected);
      }
    }
  }
  EXPECT_GT(taken, 0u);
  EXPECT_EQ(taken, ring.state().head);
  EXPECT_EQ(taken * kRows + ring.words().dropped_rows,
            kStreams * kLaunches * kRows);
}

}  // namespace
}  // namespace moetap
