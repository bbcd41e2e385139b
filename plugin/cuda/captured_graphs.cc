#include "plugin/cuda/captured_graphs.h"

namespace moetap {

int CapturedGraphs::TakeNumber() {
  if (used_ < kMaxGroups) return static_cast<int>(used_++);
  if (free_count_ == 0) return -1;
  const uint32_t number = free_[free_begin_];
  free_begin_ = (free_begin_ + 1) % kMaxGroups;
  --free_count_;
  return static_cast<int>(number);
}

void CapturedGraphs::Release(int number) {
  if (number < 0 || --groups_[number].handles > 0) return;
  free_[(free_begin_ + free_count_++) % kMaxGroups] =
      static_cast<uint32_t>(number);
}

// A handle that is not known any more is as if it held no routers: its
// launches then write no step, and its rows are nobody's.
void CapturedGraphs::Bind(HandleMap* map, const void* handle, int number) {
  if (number < 0) return;
  ++groups_[number].handles;
  const int before = map->Find(handle);
  if (map->Set(handle, number)) {
    Release(before);
  } else {
    Release(number);
  }
}

int CapturedGraphs::Capturing(CudaGraph graph, uint64_t capture,
                              Device* device) {
  int number = graphs_.Find(graph);
  if (number < 0) {
    number = TakeNumber();
    if (number < 0) return -1;
    groups_[number].handles = 0;
    groups_[number].capture = 0;
    Bind(&graphs_, graph, number);
    if (groups_[number].handles == 0) return -1;
  }
  Group& group = groups_[number];
  if (group.capture != capture) {
    group.capture = capture;
    group.device = device;
    group.routers.store(0, std::memory_order_relaxed);
  }
  return number;
}

void CapturedGraphs::Instantiated(CudaGraph graph, CudaGraphExec exec) {
  const int number = graphs_.Find(graph);
  if (number < 0) {
    Release(execs_.Remove(exec));  // an update with a graph of others
  } else {
    Bind(&execs_, exec, number);
  }
}

void CapturedGraphs::Cloned(CudaGraph clone, CudaGraph original) {
  Bind(&graphs_, clone, graphs_.Find(original));
}

}  // namespace moetap
