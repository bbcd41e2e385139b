#include "hooks/event_sink.h"

namespace moetap {

constinit std::atomic<bool> g_sample_next_call = false;
constinit std::atomic<RoutingSink*> g_routing_sink = nullptr;

void SetRoutingSink(RoutingSink* sink) {
  g_routing_sink.store(sink, std::memory_order_release);
}

}  // namespace moetap
