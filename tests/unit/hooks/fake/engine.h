// What a fake engine extension exports to its test.
#ifndef MOETAP_TESTS_UNIT_HOOKS_FAKE_ENGINE_H_
#define MOETAP_TESTS_UNIT_HOOKS_FAKE_ENGINE_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/hooks/fake/aten.h"

// The operators of the engine, with the signatures of the real ones.
namespace fake {

using MaybeTensor = std::optional<at::Tensor>;

using CpuFusedMoe = void(at::Tensor& out, const at::Tensor& input,
                         const at::Tensor& w13, const at::Tensor& w2,
                         const MaybeTensor& w13_bias,
                         const MaybeTensor& w2_bias,
                         const at::Tensor& topk_weights,
                         const at::Tensor& topk_ids, bool skip_weighted,
                         const std::string& act, const std::string& isa);

using FusedExpertsCpu = void(
    at::Tensor& out, at::Tensor& hidden_states, at::Tensor& w1, at::Tensor& w2,
    at::Tensor& topk_weights, at::Tensor& topk_ids, int64_t moe_comp_method,
    const MaybeTensor& w1_scale, const MaybeTensor& w2_scale,
    const MaybeTensor& w1_zero, const MaybeTensor& w2_zero,
    const MaybeTensor& a1_scale, std::optional<std::vector<int64_t>> block_size,
    const MaybeTensor& w1_bias, const MaybeTensor& w2_bias,
    const std::optional<double>& alpha, const std::optional<double>& limit,
    bool is_vnni);

using Dynamic4BitIntMoeCpu =
    at::Tensor(at::Tensor x, at::Tensor topk_ids, at::Tensor topk_weights,
               at::Tensor w13_packed, at::Tensor w2_packed, int64_t hidden_size,
               int64_t intermediate_size, int64_t group_size,
               bool apply_router_weight_on_input, int64_t activation_kind);

// What the real function of an extension saw at its last call: addresses of
// references, values of the rest; of tensors by value the impl's address.
struct LastCall {
  int calls = 0;
  std::vector<const void*> references;
  std::vector<int64_t> values;
};

// Exported by each extension as `engine`.
struct Engine {
  // The operators as this extension's own code reaches them: through the
  // loader, so that a preloaded definition comes first.
  CpuFusedMoe* cpu_fused_moe;
  FusedExpertsCpu* fused_experts_cpu;
  Dynamic4BitIntMoeCpu* dynamic_4bit_int_moe_cpu;
  LastCall last;
  std::mutex mutex;     // of `last`, during calls
  bool throws = false;  // the real functions throw std::out_of_range
};

}  // namespace fake

#endif  // MOETAP_TESTS_UNIT_HOOKS_FAKE_ENGINE_H_
