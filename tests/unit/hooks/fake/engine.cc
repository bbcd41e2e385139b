// An engine's extension module: defines the operators, and calls them.
// Without FAKE_DEFINES it only calls them.
#include "tests/unit/hooks/fake/engine.h"

#include <stdexcept>
#include <utility>

#define EXPORT __attribute__((visibility("default")))

EXPORT fake::CpuFusedMoe cpu_fused_moe;
EXPORT fake::FusedExpertsCpu fused_experts_cpu;
EXPORT fake::Dynamic4BitIntMoeCpu dynamic_4bit_int_moe_cpu;

namespace {

// The frames that the hooks see as their caller.

void CallCpuFusedMoe(at::Tensor& out, const at::Tensor& input,
                     const at::Tensor& w13, const at::Tensor& w2,
                     const fake::MaybeTensor& w13_bias,
                     const fake::MaybeTensor& w2_bias,
                     const at::Tensor& topk_weights, const at::Tensor& topk_ids,
                     bool skip_weighted, const std::string& act,
                     const std::string& isa) {
  cpu_fused_moe(out, input, w13, w2, w13_bias, w2_bias, topk_weights, topk_ids,
                skip_weighted, act, isa);
  asm volatile("");  // no tail call: the return address must be here
}

void CallFusedExpertsCpu(
    at::Tensor& out, at::Tensor& hidden_states, at::Tensor& w1, at::Tensor& w2,
    at::Tensor& topk_weights, at::Tensor& topk_ids, int64_t moe_comp_method,
    const fake::MaybeTensor& w1_scale, const fake::MaybeTensor& w2_scale,
    const fake::MaybeTensor& w1_zero, const fake::MaybeTensor& w2_zero,
    const fake::MaybeTensor& a1_scale,
    std::optional<std::vector<int64_t>> block_size,
    const fake::MaybeTensor& w1_bias, const fake::MaybeTensor& w2_bias,
    const std::optional<double>& alpha, const std::optional<double>& limit,
    bool is_vnni) {
  fused_experts_cpu(out, hidden_states, w1, w2, topk_weights, topk_ids,
                    moe_comp_method, w1_scale, w2_scale, w1_zero, w2_zero,
                    a1_scale, block_size, w1_bias, w2_bias, alpha, limit,
                    is_vnni);
  asm volatile("");
}

at::Tensor CallDynamic4BitIntMoeCpu(
    at::Tensor x, at::Tensor topk_ids, at::Tensor topk_weights,
    at::Tensor w13_packed, at::Tensor w2_packed, int64_t hidden_size,
    int64_t intermediate_size, int64_t group_size,
    bool apply_router_weight_on_input, int64_t activation_kind) {
  return dynamic_4bit_int_moe_cpu(x, topk_ids, topk_weights, w13_packed,
                                  w2_packed, hidden_size, intermediate_size,
                                  group_size, apply_router_weight_on_input,
                                  activation_kind);
}

}  // namespace

extern "C" EXPORT fake::Engine engine;
fake::Engine engine = {.cpu_fused_moe = CallCpuFusedMoe,
                       .fused_experts_cpu = CallFusedExpertsCpu,
                       .dynamic_4bit_int_moe_cpu = CallDynamic4BitIntMoeCpu,
                       .last = {},
                       .mutex = {}};

#ifdef FAKE_DEFINES

namespace {

void Note(std::vector<const void*> references, std::vector<int64_t> values) {
  std::lock_guard lock(engine.mutex);
  ++engine.last.calls;
  engine.last.references = std::move(references);
  engine.last.values = std::move(values);
  if (engine.throws) throw std::out_of_range("thrown by the real function");
}

}  // namespace

void cpu_fused_moe(at::Tensor& out, const at::Tensor& input,
                   const at::Tensor& w13, const at::Tensor& w2,
                   const fake::MaybeTensor& w13_bias,
                   const fake::MaybeTensor& w2_bias,
                   const at::Tensor& topk_weights, const at::Tensor& topk_ids,
                   bool skip_weighted, const std::string& act,
                   const std::string& isa) {
  Note({&out, &input, &w13, &w2, &w13_bias, &w2_bias, &topk_weights, &topk_ids,
        &act, &isa},
       {skip_weighted});
}

void fused_experts_cpu(
    at::Tensor& out, at::Tensor& hidden_states, at::Tensor& w1, at::Tensor& w2,
    at::Tensor& topk_weights, at::Tensor& topk_ids, int64_t moe_comp_method,
    const fake::MaybeTensor& w1_scale, const fake::MaybeTensor& w2_scale,
    const fake::MaybeTensor& w1_zero, const fake::MaybeTensor& w2_zero,
    const fake::MaybeTensor& a1_scale,
    std::optional<std::vector<int64_t>> block_size,
    const fake::MaybeTensor& w1_bias, const fake::MaybeTensor& w2_bias,
    const std::optional<double>& alpha, const std::optional<double>& limit,
    bool is_vnni) {
  std::vector<int64_t> values = {moe_comp_method, is_vnni};
  for (int64_t size : block_size.value()) values.push_back(size);
  Note({&out, &hidden_states, &w1, &w2, &topk_weights, &topk_ids, &w1_scale,
        &w2_scale, &w1_zero, &w2_zero, &a1_scale, &w1_bias, &w2_bias, &alpha,
        &limit},
       std::move(values));
}

at::Tensor dynamic_4bit_int_moe_cpu(
    at::Tensor x, at::Tensor topk_ids, at::Tensor topk_weights,
    at::Tensor w13_packed, at::Tensor w2_packed, int64_t hidden_size,
    int64_t intermediate_size, int64_t group_size,
    bool apply_router_weight_on_input, int64_t activation_kind) {
  Note({x.impl(), topk_ids.impl(), topk_weights.impl(), w13_packed.impl(),
        w2_packed.impl()},
       {hidden_size, intermediate_size, group_size,
        apply_router_weight_on_input, activation_kind});
  return at::Tensor({.sizes = {hidden_size}, .strides = {1}});
}

#endif  // FAKE_DEFINES
