#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "plugin/cuda/captured_graphs.h"

namespace moetap {
namespace {

CudaGraph Graph(uintptr_t n) { return reinterpret_cast<CudaGraph>(n * 16); }
CudaGraphExec Exec(uintptr_t n) {
  return reinterpret_cast<CudaGraphExec>(n * 16 + 8);
}
Device* SomeDevice() {
  static int device;
  return reinterpret_cast<Device*>(&device);
}

class CapturedGraphsTest : public testing::Test {
 protected:
  std::unique_ptr<CapturedGraphs> graphs_ = std::make_unique<CapturedGraphs>();
};

TEST_F(CapturedGraphsTest, AGraphHandsItsGroupToWhatIsMadeOfIt) {
  const int group = graphs_->Capturing(Graph(1), 100, SomeDevice());
  ASSERT_GE(group, 0);
  EXPECT_EQ(graphs_->Capturing(Graph(1), 100, SomeDevice()), group);
  graphs_->Instantiated(Graph(1), Exec(1));
  graphs_->Cloned(Graph(2), Graph(1));
  graphs_->Instantiated(Graph(2), Exec(2));
  graphs_->Destroyed(Graph(1));
  graphs_->Destroyed(Graph(2));
  EXPECT_EQ(graphs_->FindGraph(Graph(1)), -1);
  EXPECT_EQ(graphs_->FindExec(Exec(1)), group);
  EXPECT_EQ(graphs_->FindExec(Exec(2)), group);
}

TEST_F(CapturedGraphsTest, GraphsWithoutRoutersAreUnknown) {
  graphs_->Instantiated(Graph(1), Exec(1));
  graphs_->Cloned(Graph(2), Graph(1));
  EXPECT_EQ(graphs_->FindExec(Exec(1)), -1);
  EXPECT_EQ(graphs_->FindGraph(Graph(2)), -1);
}

TEST_F(CapturedGraphsTest, AnUpdateReplacesTheGroup) {
  const int a = graphs_->Capturing(Graph(1), 100, SomeDevice());
  graphs_->Instantiated(Graph(1), Exec(1));
  const int b = graphs_->Capturing(Graph(2), 101, SomeDevice());
  ASSERT_NE(a, b);
  graphs_->Instantiated(Graph(2), Exec(1));
  EXPECT_EQ(graphs_->FindExec(Exec(1)), b);
  graphs_->Instantiated(Graph(3), Exec(1));
  EXPECT_EQ(graphs_->FindExec(Exec(1)), -1) << "a graph without routers";
}

TEST_F(CapturedGraphsTest, ACaptureThatFailedLeavesNoRouters) {
  const int group = graphs_->Capturing(Graph(1), 100, SomeDevice());
  graphs_->group(group).routers = 5;
  ASSERT_EQ(graphs_->Capturing(Graph(1), 101, SomeDevice()), group);
  EXPECT_EQ(graphs_->group(group).routers.load(), 0u);
}

// A number that was given up may still be read by a launch that pends.
TEST_F(CapturedGraphsTest, NumbersComeBackAsLateAsPossible) {
  std::set<int> numbers;
  for (uintptr_t n = 0; n < CapturedGraphs::kMaxGroups; ++n) {
    const int group = graphs_->Capturing(Graph(n + 1), n + 1, SomeDevice());
    ASSERT_TRUE(numbers.insert(group).second) << n;
    graphs_->Instantiated(Graph(n + 1), Exec(n + 1));
    graphs_->Destroyed(Graph(n + 1));
    graphs_->Destroyed(Exec(n + 1));
  }
  EXPECT_EQ(graphs_->Capturing(Graph(1), 1, SomeDevice()), 0);
}

TEST_F(CapturedGraphsTest, TooManyGraphsAreRefusedAndRoomComesBack) {
  for (uintptr_t n = 0; n < CapturedGraphs::kMaxGroups; ++n) {
    ASSERT_GE(graphs_->Capturing(Graph(n + 1), n + 1, SomeDevice()), 0);
  }
  const CudaGraph more = Graph(CapturedGraphs::kMaxGroups + 1);
  EXPECT_EQ(graphs_->Capturing(more, 1, SomeDevice()), -1);
  graphs_->Destroyed(Graph(5));
  EXPECT_GE(graphs_->Capturing(more, 1, SomeDevice()), 0);
}

}  // namespace
}  // namespace moetap
