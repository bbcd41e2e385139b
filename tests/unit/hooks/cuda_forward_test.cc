// Every entry point passes its arguments and the status on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <tuple>
#include <type_traits>

#include "tests/unit/hooks/cuda_fakes.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Different values for the arguments of one call.
class Values {
 public:
  template <typename T>
  T Next() {
    ++count_;
    if constexpr (std::is_same_v<T, fake::Dim3>) {
      fake::Dim3 d = {count_ * 100, count_ * 100 + 1, count_ * 100 + 2};
      words.insert(words.end(), {d.x, d.y, d.z});
      return d;
    } else if constexpr (std::is_pointer_v<T>) {
      T pointer = reinterpret_cast<T>(&memory_[count_]);
      words.push_back(reinterpret_cast<uint64_t>(pointer));
      return pointer;
    } else {  // all bits count
      T value = static_cast<T>(0x8765432187654300u + count_);
      words.push_back(static_cast<uint64_t>(value));
      return value;
    }
  }

  std::vector<uint64_t> words;

 private:
  uint32_t count_ = 0;
  void* memory_[16] = {};
};

class CudaForward : public testing::Test {
 protected:
  template <typename... Args>
  void ExpectForwarded(const char* name, int (*call)(Args...)) {
    SCOPED_TRACE(name);
    Values values;
    std::tuple<Args...> arguments{values.Next<Args>()...};
    loaded_.cuda->calls.clear();
    errno = EDOM;
    int status = std::apply(call, arguments);
    EXPECT_EQ(errno, EDOM);
    if (std::string_view(name) != "__cudaRegisterFunction") {
      EXPECT_EQ(status, loaded_.cuda->status);
    }
    ASSERT_EQ(loaded_.cuda->calls.size(), 1u);
    EXPECT_EQ(loaded_.cuda->calls[0].name, name);
    EXPECT_EQ(loaded_.cuda->calls[0].arguments, values.words);
  }

  void ExpectAllForwarded() {
#define EXPECT_ONE(name, parameters, arguments) \
  ExpectForwarded(#name, loaded_.calls->name);
    FAKE_CUDA(EXPECT_ONE)
#undef EXPECT_ONE
  }

  LoadedCuda loaded_{FAKE_CUDA_CALLER_A};
};

TEST_F(CudaForward, WithoutSink) {
  loaded_.cuda->status = 0;
  ExpectAllForwarded();
  loaded_.cuda->status = 719;
  ExpectAllForwarded();
}

TEST_F(CudaForward, WithSink) {
  LaunchVector sink;
  loaded_.cuda->status = 0;
  ExpectAllForwarded();
  EXPECT_THAT(sink.launches, IsEmpty());
  EXPECT_THAT(sink.unreadable, IsEmpty());
  EXPECT_EQ(sink.graphs.size(), 22u);  // all but names and launches
}

TEST_F(CudaForward, FailuresReportOnlyWhatIsBefore) {
  LaunchVector sink;
  loaded_.cuda->status = 719;
  ExpectAllForwarded();
  EXPECT_THAT(sink.launches, IsEmpty());
  for (const LaunchVector::GraphEvent& event : sink.graphs) {
    EXPECT_THAT(event.what,
                testing::AnyOf("launch", "destroy", "destroy exec"));
  }
  EXPECT_EQ(sink.graphs.size(), 8u);
}

TEST(CudaTwoRuntimes, EachCallerReachesItsOwn) {
  LoadedCuda a(FAKE_CUDA_CALLER_A);
  LoadedCuda b(FAKE_CUDA_CALLER_B);
  ASSERT_NE(a.cuda, b.cuda);
  a.cuda->calls.clear();
  b.cuda->calls.clear();
  int arguments[1];
  for (int i = 0; i < 3; ++i) {
    a.calls->cudaGraphLaunch(arguments, nullptr);
    b.calls->cudaGraphLaunch(arguments, nullptr);
    b.calls->cudaGraphLaunch(arguments, nullptr);
  }
  EXPECT_EQ(a.cuda->calls.size(), 3u);
  EXPECT_EQ(b.cuda->calls.size(), 6u);
}

}  // namespace
}  // namespace moetap
