// Which real function a forwarder reaches.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/unit/hooks/fakes.h"

namespace moetap {
namespace {

class Resolve : public testing::Test {
 protected:
  Resolve() { a_.last = b_.last = {}; }

  fake::Engine& a_ = LoadEngine(FAKE_ENGINE_A);
  fake::Engine& b_ = LoadEngine(FAKE_ENGINE_B);
  Call call_{at::Tensor(), at::Tensor()};
};

TEST_F(Resolve, EachExtensionReachesItsOwn) {
  for (int i = 0; i < 3; ++i) {
    call_.CpuFusedMoe(a_);
    call_.CpuFusedMoe(b_);
    call_.CpuFusedMoe(b_);
  }
  EXPECT_EQ(a_.last.calls, 3);
  EXPECT_EQ(b_.last.calls, 6);
}

TEST_F(Resolve, CallerWithoutDefinitionReachesAnotherObject) {
  fake::Engine& caller = LoadEngine(FAKE_CALLER);
  call_.CpuFusedMoe(caller);
  call_.CpuFusedMoe(caller);
  EXPECT_EQ(a_.last.calls + b_.last.calls, 2);
  EXPECT_EQ(caller.last.calls, 0);
}

TEST_F(Resolve, ClosingTheExtensionKeepsItLoaded) {
  std::string path = testing::TempDir() + "moetap_closed_engine.abi3.so";
  std::filesystem::copy_file(FAKE_ENGINE_A, path,
                             std::filesystem::copy_options::overwrite_existing);
  fake::Engine& engine = LoadEngine(path.c_str());
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  call_.CpuFusedMoe(engine);
  dlclose(handle);
  dlclose(handle);
  EXPECT_NE(dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
  call_.CpuFusedMoe(engine);
  EXPECT_EQ(engine.last.calls, 2);
}

TEST_F(Resolve, FirstCallsFromManyThreads) {
  constexpr int kThreads = 16;
  std::atomic<int> ready = 0;
  std::atomic<int> right = 0;
  auto work = [&] {
    Call call{at::Tensor(), at::Tensor()};
    ++ready;
    while (ready < kThreads) std::this_thread::yield();
    at::Tensor result = call.Dynamic4Bit(b_);
    if (result.impl() != nullptr) ++right;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads);
}

}  // namespace
}  // namespace moetap
