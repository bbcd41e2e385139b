#include "hooks/event_sink.h"

#include <atomic>

namespace moetap {
namespace {

constinit std::atomic<RoutingSink*> g_sink = nullptr;

}  // namespace

void SetRoutingSink(RoutingSink* sink) {
  g_sink.store(sink, std::memory_order_release);
}

RoutingSink* GetRoutingSink() { return g_sink.load(std::memory_order_acquire); }

}  // namespace moetap
