// The seam between "what an engine does" (hooks/) and "what becomes of it"
// (plugin/): plain structs in, nothing out.  A hook's test is a vector behind
// this interface.
#ifndef MOETAP_HOOKS_EVENT_SINK_H_
#define MOETAP_HOOKS_EVENT_SINK_H_

#include <atomic>
#include <cstdint>

#include "hooks/call_timing.h"

namespace moetap {

struct HookRow;  // hooks/registry.h

// What the ids of one dispatch look like in memory.  Row r, rank j is the
// integer of `id_bytes` bytes at
//   ids + (r * row_stride + j * column_stride) * id_bytes.
struct RoutingEvent {
  const HookRow* hook = nullptr;
  const void* layer_key = nullptr;  // constant per layer: the weight's address
  const void* ids = nullptr;        // host memory, valid during the call only
  int64_t row_stride = 0;           // in elements, may be 0 or negative
  int64_t column_stride = 0;
  uint32_t rows = 0;
  uint32_t k = 0;
  uint8_t id_bytes = 0;  // 2, 4 or 8
  bool id_signed = true;
  CallTiming timing{};

  // Experts of the layer, 0 = the hook cannot know.  For when the layer is new:
  // reading them takes longer than most else here.
  uint32_t Experts() const {
    return read_experts == nullptr ? 0 : read_experts(weights);
  }
  uint32_t (*read_experts)(const void* weights) = nullptr;
  const void* weights = nullptr;
};

class RoutingSink {
 public:
  // Called on the engine's thread for every hooked dispatch, from any number
  // of threads at once.  Must not throw, block, allocate or change errno.
  virtual void OnDispatch(const RoutingEvent& event) = 0;

  // A hooked call whose arguments could not be read; `why` is a literal.
  virtual void OnUnreadable(const HookRow& hook, const char* why) = 0;

 protected:
  ~RoutingSink() = default;
};

// Null until the recorder sets it, and while it is paused: hooks then forward
// and do nothing else.  The name is for the code in hooks/shortcut.h.
extern std::atomic<RoutingSink*> g_routing_sink asm("moetap_routing_sink")
    __attribute__((visibility("hidden")));
void SetRoutingSink(RoutingSink* sink);
inline RoutingSink* GetRoutingSink() {
  return g_routing_sink.load(std::memory_order_acquire);
}

}  // namespace moetap

#endif  // MOETAP_HOOKS_EVENT_SINK_H_
