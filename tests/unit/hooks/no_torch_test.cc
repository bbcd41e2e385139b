// A process without torch's C shim: calls are forwarded, the sink is told.
#include <gtest/gtest.h>

#include "hooks/registry.h"
#include "tests/unit/hooks/fakes.h"

namespace moetap {
namespace {

TEST(NoTorch, UnreadableAndForwarded) {
  fake::Engine& engine = LoadEngine(FAKE_ENGINE_A);
  VectorSink sink;
  Call call{at::Tensor(), at::Tensor()};
  call.CpuFusedMoe(engine);
  ASSERT_EQ(sink.unreadable.size(), 1u);
  EXPECT_EQ(sink.unreadable[0].first, &kCpuFusedMoe);
  EXPECT_EQ(sink.unreadable[0].second, "no torch C shim in libtorch_cpu.so");
  EXPECT_EQ(engine.last.calls, 1);
}

}  // namespace
}  // namespace moetap
