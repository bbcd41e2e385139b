// Nothing to forward to: an extension that calls an operator nobody defines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hooks/fakes.h"

namespace moetap {
namespace {

TEST(Missing, ThrowsAndSaysSoOnce) {
  fake::Engine& caller = LoadEngine(FAKE_CALLER);
  Call call{at::Tensor(), at::Tensor()};
  testing::internal::CaptureStderr();
  EXPECT_THROW(call.CpuFusedMoe(caller), std::runtime_error);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(testing::HasSubstr("cpu_fused_moe"),
                             testing::HasSubstr("no loaded object defines")));
  testing::internal::CaptureStderr();
  EXPECT_THROW(call.CpuFusedMoe(caller), std::runtime_error);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Missing, IsFoundOnceAnObjectDefinesIt) {
  fake::Engine& caller = LoadEngine(FAKE_CALLER);
  Call call{at::Tensor(), at::Tensor()};
  EXPECT_THROW(call.Dynamic4Bit(caller), std::runtime_error);
  LoadEngine(FAKE_ENGINE_A);
  EXPECT_NE(call.Dynamic4Bit(caller).impl(), nullptr);
}

}  // namespace
}  // namespace moetap
