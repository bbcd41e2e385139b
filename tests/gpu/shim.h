// What the router program says of itself through the C ABI.
#ifndef MOETAP_TESTS_GPU_SHIM_H_
#define MOETAP_TESTS_GPU_SHIM_H_

#include <dlfcn.h>

#include <cstdint>
#include <vector>

#include "plugin/moetap.h"

namespace moetap_gpu {

constexpr int kLayers = 6;
constexpr int kMaxRows = 300;    // more than a slot of the ring holds
constexpr int kExperts = 64;     // of topkGating
constexpr int kOddExperts = 60;  // of moeTopK
constexpr int kTopK = 6;

// The ABI, or nothing where no library is preloaded.
struct Shim {
  template <typename Function>
  static Function* Find(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
  }
  decltype(&moetap_expect) expect =
      Find<decltype(moetap_expect)>("moetap_expect");
  decltype(&moetap_fact) fact = Find<decltype(moetap_fact)>("moetap_fact");
  decltype(&moetap_request) request =
      Find<decltype(moetap_request)>("moetap_request");
  decltype(&moetap_tokens) tokens =
      Find<decltype(moetap_tokens)>("moetap_tokens");
  decltype(&moetap_step_begin) begin =
      Find<decltype(moetap_step_begin)>("moetap_step_begin");
  decltype(&moetap_step_end) end =
      Find<decltype(moetap_step_end)>("moetap_step_end");

  void Announce(uint32_t tokens_total) const {
    if (expect == nullptr) return;
    std::vector<moetap_layer> layers;
    for (uint32_t l = 0; l < kLayers; ++l) {
      const uint32_t experts = l % 2 == 0 ? kExperts : kOddExperts;
      layers.push_back({0, l, experts, kTopK, 0});
    }
    fact("role", "worker");
    fact("engine", "router_program");
    fact("moe_layers", "0,1,2,3,4,5");
    expect(layers.data(), kLayers);
    request(1, "all", tokens_total, 1);
    std::vector<int32_t> ids(tokens_total);
    for (uint32_t i = 0; i < tokens_total; ++i) ids[i] = static_cast<int>(i);
    uint64_t chain = 0;
    tokens(1, 0, ids.data(), tokens_total, &chain);
  }
  void Begin(uint64_t step, uint32_t kind, uint32_t start,
             uint32_t rows) const {
    if (begin == nullptr) return;
    const moetap_span span = {1, start, rows, 0};
    begin(step, kind, &span, kind == MOETAP_STEP_REAL ? 1 : 0);
  }
  void End(uint64_t step) const {
    if (end != nullptr) end(step);
  }
};

}  // namespace moetap_gpu

#endif  // MOETAP_TESTS_GPU_SHIM_H_
