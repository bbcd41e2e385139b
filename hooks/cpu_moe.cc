// vLLM's CPU operators.  Each forwarder has the mangled name of the operator,
// so that a preloaded definition is the one that the engine registers; it
// reports the ids, which are inputs, and calls the operator it stands in for.
//
// Every parameter is register-sized: a reference, an integer or a bool.  A
// parameter by value of a class with a destructor is a reference in the ABI
// as well.  No frame here needs unwinding, so exceptions of the operator pass
// through; nothing may be declared noexcept.
#include <cstdint>

#include "hooks/observe.h"
#include "hooks/registry.h"
#include "hooks/resolve.h"
#include "hooks/shortcut.h"

namespace moetap {

// Returned like at::Tensor: the destructor makes the caller pass the place of
// the result.  Never constructed or destroyed here.
struct ReturnedTensor {
  ReturnedTensor(const ReturnedTensor&);
  ~ReturnedTensor();
  void* impl;
};

constinit Shortcut g_cpu_fused_moe_shortcut
    MOETAP_SHORTCUT("cpu_fused_moe") = {};
constinit Shortcut g_fused_experts_cpu_shortcut
    MOETAP_SHORTCUT("fused_experts_cpu") = {};
constinit Shortcut g_dynamic_4bit_int_moe_cpu_shortcut
    MOETAP_SHORTCUT("dynamic_4bit_int_moe_cpu") = {};

namespace {

using Ref = const void*;  // a reference, whatever it refers to

constinit RealFunction g_cpu_fused_moe(kCpuFusedMoe.symbol,
                                       kCpuFusedMoe.base_name,
                                       &g_cpu_fused_moe_shortcut);
constinit RealFunction g_fused_experts_cpu(kFusedExpertsCpu.symbol,
                                           kFusedExpertsCpu.base_name,
                                           &g_fused_experts_cpu_shortcut);
constinit RealFunction g_dynamic_4bit_int_moe_cpu(
    kDynamic4BitIntMoeCpu.symbol, kDynamic4BitIntMoeCpu.base_name,
    &g_dynamic_4bit_int_moe_cpu_shortcut);

Ref AsRef(Ref argument) { return argument; }
Ref AsRef(int64_t) { return nullptr; }
Ref AsRef(bool) { return nullptr; }

// Reports the call whose arguments are `args`, and returns the real function.
template <const HookRow& kRow, typename Function, typename... Args>
Function* ObserveAndFind(RealFunction& real, Function*, const void* caller,
                         Args... args) {
  const Ref refs[] = {AsRef(args)...};
  Observe(kRow, refs[kRow.ids_argument], refs[kRow.weights_argument]);
  return reinterpret_cast<Function*>(real.Find(caller));
}

}  // namespace

void CpuFusedMoe(Ref out, Ref input, Ref w13, Ref w2, Ref w13_bias, Ref w2_bias,
                 Ref topk_weights, Ref topk_ids, bool skip_weighted, Ref act,
                 Ref isa)
    MOETAP_FORWARDER(MOETAP_SYMBOL_CPU_FUSED_MOE, "cpu_fused_moe");
void CpuFusedMoe(Ref out, Ref input, Ref w13, Ref w2, Ref w13_bias, Ref w2_bias,
                 Ref topk_weights, Ref topk_ids, bool skip_weighted, Ref act,
                 Ref isa) {
  auto* real = ObserveAndFind<kCpuFusedMoe>(
      g_cpu_fused_moe, &CpuFusedMoe, __builtin_return_address(0), out, input,
      w13, w2, w13_bias, w2_bias, topk_weights, topk_ids, skip_weighted, act,
      isa);
  return real(out, input, w13, w2, w13_bias, w2_bias, topk_weights, topk_ids,
              skip_weighted, act, isa);
}

void FusedExpertsCpu(Ref out, Ref hidden_states, Ref w1, Ref w2,
                     Ref topk_weights, Ref topk_ids, int64_t moe_comp_method,
                     Ref w1_scale, Ref w2_scale, Ref w1_zero, Ref w2_zero,
                     Ref a1_scale, Ref block_size, Ref w1_bias, Ref w2_bias,
                     Ref alpha, Ref limit, bool is_vnni)
    MOETAP_FORWARDER(MOETAP_SYMBOL_FUSED_EXPERTS_CPU, "fused_experts_cpu");
void FusedExpertsCpu(Ref out, Ref hidden_states, Ref w1, Ref w2,
                     Ref topk_weights, Ref topk_ids, int64_t moe_comp_method,
                     Ref w1_scale, Ref w2_scale, Ref w1_zero, Ref w2_zero,
                     Ref a1_scale, Ref block_size, Ref w1_bias, Ref w2_bias,
                     Ref alpha, Ref limit, bool is_vnni) {
  auto* real = ObserveAndFind<kFusedExpertsCpu>(
      g_fused_experts_cpu, &FusedExpertsCpu, __builtin_return_address(0), out,
      hidden_states, w1, w2, topk_weights, topk_ids, moe_comp_method, w1_scale,
      w2_scale, w1_zero, w2_zero, a1_scale, block_size, w1_bias, w2_bias, alpha,
      limit, is_vnni);
  return real(out, hidden_states, w1, w2, topk_weights, topk_ids,
              moe_comp_method, w1_scale, w2_scale, w1_zero, w2_zero, a1_scale,
              block_size, w1_bias, w2_bias, alpha, limit, is_vnni);
}

ReturnedTensor Dynamic4BitIntMoeCpu(
    Ref x, Ref topk_ids, Ref topk_weights, Ref w13_packed, Ref w2_packed,
    int64_t hidden_size, int64_t intermediate_size, int64_t group_size,
    bool apply_router_weight_on_input, int64_t activation_kind)
    MOETAP_FORWARDER(MOETAP_SYMBOL_DYNAMIC_4BIT_INT_MOE_CPU,
                     "dynamic_4bit_int_moe_cpu");
ReturnedTensor Dynamic4BitIntMoeCpu(
    Ref x, Ref topk_ids, Ref topk_weights, Ref w13_packed, Ref w2_packed,
    int64_t hidden_size, int64_t intermediate_size, int64_t group_size,
    bool apply_router_weight_on_input, int64_t activation_kind) {
  auto* real = ObserveAndFind<kDynamic4BitIntMoeCpu>(
      g_dynamic_4bit_int_moe_cpu, &Dynamic4BitIntMoeCpu,
      __builtin_return_address(0), x, topk_ids, topk_weights, w13_packed,
      w2_packed, hidden_size, intermediate_size, group_size,
      apply_router_weight_on_input, activation_kind);
  return real(x, topk_ids, topk_weights, w13_packed, w2_packed, hidden_size,
              intermediate_size, group_size, apply_router_weight_on_input,
              activation_kind);
}

}  // namespace moetap

MOETAP_ENTRY(MOETAP_SYMBOL_CPU_FUSED_MOE, "cpu_fused_moe");
MOETAP_ENTRY(MOETAP_SYMBOL_FUSED_EXPERTS_CPU, "fused_experts_cpu");
MOETAP_ENTRY(MOETAP_SYMBOL_DYNAMIC_4BIT_INT_MOE_CPU,
             "dynamic_4bit_int_moe_cpu");
