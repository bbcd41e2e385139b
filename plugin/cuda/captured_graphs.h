// The graphs that hold captured routers, and the executable graphs made of
// them.  A *group* is what one capture put into a graph; its number is also
// that of its StepWord in device memory.
#ifndef MOETAP_PLUGIN_CUDA_CAPTURED_GRAPHS_H_
#define MOETAP_PLUGIN_CUDA_CAPTURED_GRAPHS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "hooks/cuda/launch_sink.h"
#include "plugin/cuda/handle_map.h"

namespace moetap {

class Device;

// All-zero bytes are no graphs.
class CapturedGraphs {
 public:
  // An engine captures a graph per layer and batch size, twice: some 7,000.
  // A number that was given up is given out again after all others, long
  // after the last launch of its graphs has run.
  static constexpr size_t kMaxGroups = 16384;

  struct Group {
    Device* device;
    uint64_t capture;               // id of the capture
    uint32_t handles;               // graphs and executable graphs of it
    std::atomic<uint32_t> routers;  // launches captured
  };

  // Any thread, no lock: -1 if the handle holds no captured routers.
  int FindGraph(CudaGraph graph) const { return graphs_.Find(graph); }
  int FindExec(CudaGraphExec exec) const { return execs_.Find(exec); }
  Group& group(int number) { return groups_[number]; }

  // The rest needs the process lock.

  // The group of a graph under capture, made if need be; -1: too many.
  // Another capture into the same handle begins the count of routers anew: the
  // handle of a capture that failed comes back without having been destroyed.
  int Capturing(CudaGraph graph, uint64_t capture, Device* device);

  void Instantiated(CudaGraph graph, CudaGraphExec exec);
  void Cloned(CudaGraph clone, CudaGraph original);
  void Destroyed(CudaGraph graph) { Release(graphs_.Remove(graph)); }
  void Destroyed(CudaGraphExec exec) { Release(execs_.Remove(exec)); }

 private:
  int TakeNumber();
  void Release(int number);
  void Bind(HandleMap* map, const void* handle, int number);

  HandleMap graphs_;
  HandleMap execs_;
  Group groups_[kMaxGroups];
  uint32_t free_[kMaxGroups];  // numbers given up, oldest first
  uint32_t free_begin_;
  uint32_t free_count_;
  uint32_t used_;  // numbers ever given out
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_CAPTURED_GRAPHS_H_
