// Another preloaded hook that passes its calls on to ours.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hooks/cuda_fakes.h"

extern "C" int front_calls;

namespace moetap {
namespace {

TEST(CudaFront, CallsPassBothHooksOnce) {
  LoadedCuda loaded(FAKE_CUDA_CALLER_A);
  EXPECT_EQ(loaded.calls->cudaGraphLaunch(nullptr, nullptr), 0);
  EXPECT_EQ(front_calls, 1);
  EXPECT_EQ(loaded.cuda->calls.size(), 1u);
}

TEST(CudaFront, OursIsTheNextOne) {
  void* front = dlopen("libfake_front.so", RTLD_NOW | RTLD_NOLOAD);
  auto* next = static_cast<void**>(dlsym(front, "front_next"));
  LoadedCuda(FAKE_CUDA_CALLER_A).calls->cudaGraphLaunch(nullptr, nullptr);
  Dl_info info;
  ASSERT_NE(dladdr(*next, &info), 0);
  EXPECT_THAT(info.dli_fname, testing::HasSubstr("libhooks_behind"));
}

}  // namespace
}  // namespace moetap
