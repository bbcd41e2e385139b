#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hooks/cuda/kernel_table.h"
#include "tests/unit/hooks/cuda_fakes.h"

namespace moetap {
namespace {

// moeTopK with ids of type `id`, "i", "j" or "l".
std::string MoeTopK(const std::string& id) {
  return "_ZN4vllm3moe7moeTopKILi256E" + id + "EEvPKfPKbPfPT0_PiiiiibS3_dS5_";
}

const void* Handle(uintptr_t n) {
  return reinterpret_cast<const void*>(0x7f0000000000 + n * 16);
}

class CudaKernelTable : public testing::Test {
 protected:
  std::unique_ptr<KernelTable> table_ = std::make_unique<KernelTable>();
};

TEST_F(CudaKernelTable, OneKernelForNamesThatMatchAlike) {
  table_->Name(Handle(1), MoeTopK("i").c_str());
  table_->Name(Handle(2), MoeTopK("i").c_str());
  table_->Name(Handle(3), MoeTopK("l").c_str());
  ASSERT_NE(table_->Find(Handle(1)), nullptr);
  EXPECT_EQ(table_->Find(Handle(1)), table_->Find(Handle(2)));
  EXPECT_NE(table_->Find(Handle(1)), table_->Find(Handle(3)));
  EXPECT_EQ(table_->Find(Handle(3))->match.id_bytes, 8);
}

TEST_F(CudaKernelTable, ForeignAndNullNames) {
  table_->Name(Handle(1), "_Z4fillPf");
  table_->Name(Handle(2), nullptr);
  table_->Name(nullptr, MoeTopK("i").c_str());
  for (const void* handle : {Handle(1), Handle(2), (const void*)nullptr}) {
    EXPECT_EQ(table_->Find(handle), nullptr);
  }
}

TEST_F(CudaKernelTable, LongUnknownNameIsCut) {
  const std::string name = MoeTopK("i") + std::string(5000, 'i');
  table_->Name(Handle(1), name.c_str());
  const Kernel* kernel = table_->Find(Handle(1));
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(kernel->match.verdict, KernelMatch::Verdict::kUnknownForm);
  EXPECT_EQ(kernel->name, name.substr(0, sizeof(kernel->name) - 1));
}

TEST_F(CudaKernelTable, FullKeepsWhatItHasAndEndsLookUps) {
  const std::string name = MoeTopK("j");
  for (uint32_t n = 0; n < KernelTable::kHandles + 100; ++n) {
    table_->Name(Handle(n), name.c_str());
  }
  for (uint32_t n = 0; n < KernelTable::kHandles + 100; ++n) {
    ASSERT_EQ(table_->Find(Handle(n)) != nullptr, n < KernelTable::kHandles);
  }
  table_->Name(Handle(7), "_Z4fillPf");
  EXPECT_EQ(table_->Find(Handle(7)), nullptr);
}

TEST_F(CudaKernelTable, TooManyUnknownNames) {
  for (uint32_t n = 0; n < KernelTable::kKernels + 10; ++n) {
    std::string name = MoeTopK("i") + std::string(n + 1, 'i');
    table_->Name(Handle(n), name.c_str());
    ASSERT_EQ(table_->Find(Handle(n)) != nullptr, n < KernelTable::kKernels);
  }
}

TEST(CudaKernelThreads, RegistrationWhileLaunching) {
  LoadedCuda loaded(FAKE_CUDA_CALLER_A);
  loaded.cuda->keep = false;
  LaunchVector sink;
  static char host[64];
  auto enter = [&](int n, const std::string& name) {
    loaded.calls->__cudaRegisterFunction(nullptr, &host[n], nullptr,
                                         name.c_str(), -1, nullptr, nullptr,
                                         nullptr, nullptr, nullptr);
  };
  auto launch = [&](int n, uint32_t rows) {
    Arguments arguments;
    arguments.Pointer(3, host).Int(5, 60).Int(6, 4).Pointer(12, nullptr);
    loaded.calls->cudaLaunchKernel(&host[n], {rows, 1, 1}, {1, 1, 1},
                                   arguments.list(), 0, nullptr);
  };
  enter(0, MoeTopK("i"));
  std::atomic<bool> stop = false;
  std::thread registers([&] {
    const std::string names[] = {MoeTopK("l"), "_Z4fillPf", MoeTopK("j"),
                                 MoeTopK("i") + "i"};
    for (int i = 0; !stop; ++i) enter(1 + i % 61, names[i % 4]);
  });
  std::thread launches([&] {
    for (int i = 0; !stop; ++i) launch(1 + i % 61, 5);
  });
  constexpr int kRounds = 2000;
  for (int i = 0; i < kRounds; ++i) launch(0, 1000);
  stop = true;
  registers.join();
  launches.join();
  int mine = 0;
  for (const RouterLaunch& seen : sink.launches) mine += seen.rows == 1000;
  EXPECT_EQ(mine, kRounds);
}

}  // namespace
}  // namespace moetap
