#include "plugin/cuda/stream_layers.h"

namespace moetap {

using std::memory_order_relaxed;

StreamLayers::Entry* StreamLayers::Of(CudaStream stream) {
  for (Entry& entry : entry_) {
    CudaStream found = entry.stream.load(memory_order_relaxed);
    if (found == stream) return &entry;
    if (found != nullptr) continue;
    if (entry.stream.compare_exchange_strong(found, stream,
                                             memory_order_relaxed) ||
        found == stream) {
      return &entry;
    }
  }
  return nullptr;
}

int StreamLayers::Next(CudaStream stream, uint64_t step) {
  Entry* entry = Of(stream);
  if (entry == nullptr) return -1;
  const uint64_t begin = step << kOrdinalBits;
  uint64_t now = entry->step_and_count.load(memory_order_relaxed);
  uint64_t next;
  do {
    const bool same = now >> kOrdinalBits == step;
    next = (same ? now : begin) + 1;
    // More than fit: stay there.
    if (next >> kOrdinalBits != step) next = now;
  } while (!entry->step_and_count.compare_exchange_weak(now, next,
                                                        memory_order_relaxed));
  return static_cast<int>(next - begin) - 1;
}

bool StreamLayers::SameIds(CudaStream stream, const RouterLaunch& launch) {
  Entry* entry = Of(stream);
  if (entry == nullptr) return false;
  const void* ids = entry->ids.exchange(launch.ids, memory_order_relaxed);
  const KernelRow* reader =
      entry->reader.exchange(launch.row, memory_order_relaxed);
  return ids == launch.ids && reader != launch.row;
}

}  // namespace moetap
