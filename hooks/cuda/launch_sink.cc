#include "hooks/cuda/launch_sink.h"

#include <atomic>

namespace moetap {
namespace {

constinit std::atomic<LaunchSink*> g_sink = nullptr;

}  // namespace

void SetLaunchSink(LaunchSink* sink) {
  g_sink.store(sink, std::memory_order_release);
}

LaunchSink* GetLaunchSink() { return g_sink.load(std::memory_order_acquire); }

}  // namespace moetap
