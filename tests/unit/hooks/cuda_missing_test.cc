// Calls that nothing stands behind, as no CUDA is loaded.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/hooks/cuda_fakes.h"

namespace moetap {
namespace {

// Zeros for all arguments, as nobody reads them.
template <typename... Args>
int CallWithZeros(int (*call)(Args...)) {
  return call(Args{}...);
}

TEST(CudaMissing, IsAnErrorOfTheRuntimeOrDriver) {
  LaunchVector sink;
  LoadedCuda loaded(FAKE_CUDA_CALLER_NONE);
  ASSERT_EQ(loaded.cuda, nullptr);
#define EXPECT_ONE(name, parameters, arguments)                       \
  if (strcmp(#name, "__cudaRegisterFunction") != 0) {                 \
    bool runtime = strstr(#name, "cuda") != nullptr;                  \
    EXPECT_EQ(CallWithZeros(loaded.calls->name), runtime ? 302 : 500) \
        << #name;                                                     \
  }
  FAKE_CUDA(EXPECT_ONE)
#undef EXPECT_ONE
  CallWithZeros(loaded.calls->__cudaRegisterFunction);
  EXPECT_TRUE(sink.graphs.empty());
}

TEST(CudaMissing, IsFoundOnceALibraryDefinesIt) {
  LoadedCuda none(FAKE_CUDA_CALLER_NONE);
  LoadedCuda loaded(FAKE_CUDA_CALLER_A);
  EXPECT_EQ(none.calls->cudaGraphLaunch(nullptr, nullptr), 0);
  EXPECT_EQ(loaded.cuda->calls.size(), 1u);
}

}  // namespace
}  // namespace moetap
