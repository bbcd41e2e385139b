// An engine's extension with one operator, which adds up the ids that it is
// given.  No lock and no memory of its own, so that it works in a child that
// was forked amid the dispatches of other threads, and in a signal handler.
#include "tests/unit/hooks/fake/engine.h"

#include <atomic>

#define EXPORT __attribute__((visibility("default")))

EXPORT fake::CpuFusedMoe cpu_fused_moe;

namespace {

std::atomic<uint64_t> g_sum = 0;
const std::string g_none;  // no static of a function: its lock changes errno
void (*g_at_unload)(void*) = nullptr;
void* g_unload_argument = nullptr;

[[gnu::destructor]] void OnUnload() {
  if (g_at_unload != nullptr) g_at_unload(g_unload_argument);
}

}  // namespace

void cpu_fused_moe(at::Tensor&, const at::Tensor&, const at::Tensor&,
                   const at::Tensor&, const fake::MaybeTensor&,
                   const fake::MaybeTensor&, const at::Tensor&,
                   const at::Tensor& topk_ids, bool, const std::string&,
                   const std::string&) {
  const at::TensorImpl& ids = *topk_ids.impl();
  const auto* id = static_cast<const int32_t*>(ids.data);
  uint64_t sum = 0;
  for (int64_t i = 0; i < ids.sizes[0] * ids.sizes[1]; ++i) {
    sum += static_cast<uint64_t>(id[i]);
  }
  g_sum.fetch_add(sum, std::memory_order_relaxed);
}

// As the extension's own code calls the operator: through the loader.
extern "C" EXPORT void engine_dispatch(at::Tensor& out,
                                       const at::Tensor& weights,
                                       const at::Tensor& ids) {
  cpu_fused_moe(out, weights, weights, weights, {}, {}, weights, ids, false,
                g_none, g_none);
  asm volatile("");  // no tail call: the return address must be here
}

extern "C" EXPORT void engine_at_unload(void (*call)(void*), void* argument) {
  g_unload_argument = argument;
  g_at_unload = call;
}

extern "C" EXPORT uint64_t engine_sum() { return g_sum.load(); }
