// What is reported of graphs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hooks/cuda_fakes.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using Event = LaunchVector::GraphEvent;

class CudaGraphs : public testing::Test {
 protected:
  // What was reported since the last time.
  std::vector<Event> Reports() { return std::exchange(sink_.graphs, {}); }

  LoadedCuda loaded_{FAKE_CUDA_CALLER_A};
  const fake::CudaCalls& calls_ = *loaded_.calls;
  LaunchVector sink_;
  char memory_[4];
  void* const graph_ = &memory_[0];
  void* const exec_ = &memory_[1];
  void* const other_ = &memory_[2];
  void* const stream_ = &memory_[3];
  void* out_ = nullptr;
};

TEST_F(CudaGraphs, Instantiated) {
  loaded_.cuda->handle = exec_;
  const auto expected = ElementsAre(Event{"instantiated", graph_, exec_});
  for (auto* call :
       {calls_.cudaGraphInstantiate, calls_.cudaGraphInstantiateWithFlags,
        calls_.cuGraphInstantiateWithFlags}) {
    call(&out_, graph_, 0);
    EXPECT_THAT(Reports(), expected);
  }
  for (auto* call : {calls_.cudaGraphInstantiateWithParams,
                     calls_.cudaGraphInstantiateWithParams_ptsz,
                     calls_.cuGraphInstantiateWithParams,
                     calls_.cuGraphInstantiateWithParams_ptsz}) {
    call(&out_, graph_, nullptr);
    EXPECT_THAT(Reports(), expected);
  }
  for (auto* call : {calls_.cuGraphInstantiate, calls_.cuGraphInstantiate_v2}) {
    call(&out_, graph_, nullptr, nullptr, 0);
    EXPECT_THAT(Reports(), expected);
  }
}

TEST_F(CudaGraphs, UpdatedAndCloned) {
  const auto updated = ElementsAre(Event{"updated", exec_, graph_});
  calls_.cudaGraphExecUpdate(exec_, graph_, nullptr);
  EXPECT_THAT(Reports(), updated);
  calls_.cuGraphExecUpdate(exec_, graph_, nullptr, nullptr);
  EXPECT_THAT(Reports(), updated);
  calls_.cuGraphExecUpdate_v2(exec_, graph_, nullptr);
  EXPECT_THAT(Reports(), updated);
  loaded_.cuda->handle = other_;
  for (auto* call : {calls_.cudaGraphClone, calls_.cuGraphClone}) {
    call(&out_, graph_);
    EXPECT_THAT(Reports(), ElementsAre(Event{"cloned", other_, graph_}));
  }
}

TEST_F(CudaGraphs, LaunchedOnItsStream) {
  for (auto* call : {calls_.cudaGraphLaunch, calls_.cuGraphLaunch}) {
    call(exec_, stream_);
    call(exec_, nullptr);
    EXPECT_THAT(Reports(), ElementsAre(Event{"launch", exec_, stream_},
                                       Event{"launch", exec_, kLegacyStream}));
  }
  for (auto* call : {calls_.cudaGraphLaunch_ptsz, calls_.cuGraphLaunch_ptsz}) {
    call(exec_, stream_);
    call(exec_, nullptr);
    EXPECT_THAT(Reports(),
                ElementsAre(Event{"launch", exec_, stream_},
                            Event{"launch", exec_, kPerThreadStream}));
  }
}

TEST_F(CudaGraphs, LaunchAndDestructionAreReportedBefore) {
  const std::pair<int (*)(void*), const char*> destroys[] = {
      {calls_.cudaGraphDestroy, "destroy"},
      {calls_.cuGraphDestroy, "destroy"},
      {calls_.cudaGraphExecDestroy, "destroy exec"},
      {calls_.cuGraphExecDestroy, "destroy exec"}};
  size_t inside = 0;
  for (auto [call, what] : destroys) {
    loaded_.cuda->inside = [&] { inside = sink_.graphs.size(); };
    call(graph_);
    EXPECT_EQ(std::exchange(inside, 0), 1u);
    EXPECT_THAT(Reports(), ElementsAre(Event{what, graph_, nullptr}));
  }
  loaded_.cuda->inside = [&] { inside = sink_.graphs.size(); };
  calls_.cudaGraphLaunch(exec_, stream_);
  EXPECT_EQ(inside, 1u);
}

}  // namespace
}  // namespace moetap
