// Which MoE layer a router launch is: the how-many-th of its step on its
// stream.
#ifndef MOETAP_PLUGIN_CUDA_STREAM_LAYERS_H_
#define MOETAP_PLUGIN_CUDA_STREAM_LAYERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "hooks/cuda/launch_sink.h"

namespace moetap {

// All-zero bytes are the state before any launch.  Any thread, no lock.
class StreamLayers {
 public:
  // Ordinal of the next router launch in `stream` since `step` began, from 0;
  // -1 if there are too many streams.
  int Next(CudaStream stream, uint64_t step);

  // A kernel that reads ids and is not the first one to read these: true if
  // the launch before it in `stream` told the same.  Remembers this one.
  bool SameIds(CudaStream stream, const RouterLaunch& launch);

 private:
  static constexpr size_t kStreams = 256;
  static constexpr int kOrdinalBits = 16;
  struct Entry {
    std::atomic<CudaStream> stream;
    std::atomic<uint64_t> step_and_count;  // step << 16 | launches
    std::atomic<const void*> ids;
    std::atomic<const KernelRow*> reader;
  };

  Entry* Of(CudaStream stream);

  Entry entry_[kStreams];
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_STREAM_LAYERS_H_
