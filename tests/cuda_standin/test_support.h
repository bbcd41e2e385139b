// What the tests of the stand-in share.
#ifndef MOETAP_TESTS_CUDA_STANDIN_TEST_SUPPORT_H_
#define MOETAP_TESTS_CUDA_STANDIN_TEST_SUPPORT_H_

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/cuda_standin/runtime.h"

#define EXPECT_CUDA(code, call) EXPECT_EQ(code, static_cast<int>(call))
#define ASSERT_OK(call) ASSERT_EQ(0, static_cast<int>(call))
#define EXPECT_OK(call) EXPECT_CUDA(0, call)

namespace standin::test {

// Kernels that tests launch by these symbols; each is registered under a
// mangled name that tells its parameters.
//   set(int* to, int value): *to = value.
extern const char kSet[];
//   copy(int* to, const int* from): waits for its primary, then copies.
extern const char kCopy[];
//   hasty(int* to, const int* from): copies without waiting.
extern const char kHasty[];
//   add(int* to, int value): *to = *to * 10 + value; tells orders apart.
extern const char kAdd[];

cudaError_t LaunchSet(int* to, int value, cudaStream_t stream);
cudaError_t LaunchAdd(int* to, int value, cudaStream_t stream);
// With programmatic stream serialization.
cudaError_t LaunchEarly(const char* symbol, int* to, const int* from,
                        cudaStream_t stream);
cudaError_t LaunchCopy(int* to, const int* from, cudaStream_t stream);

// Device memory and streams that are given back.
class Ints {
 public:
  explicit Ints(int count = 1);
  ~Ints();
  int* get() const { return data_; }
  // Waits for everything.
  int value(int index = 0) const;

 private:
  int* data_ = nullptr;
};

class OwnStream {
 public:
  explicit OwnStream(unsigned flags = cudaStreamNonBlocking);
  ~OwnStream();
  operator cudaStream_t() const { return stream_; }  // NOLINT

 private:
  cudaStream_t stream_ = nullptr;
};

class OwnEvent {
 public:
  OwnEvent();
  ~OwnEvent();
  operator cudaEvent_t() const { return event_; }  // NOLINT

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace standin::test

#endif  // MOETAP_TESTS_CUDA_STANDIN_TEST_SUPPORT_H_
