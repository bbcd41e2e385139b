// An engine extension whose operator does nothing: what is left is the cost of
// the call and of whatever stands in front of it.
#include "tests/unit/hooks/fake/engine.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT fake::CpuFusedMoe cpu_fused_moe;

namespace {

void CallCpuFusedMoe(at::Tensor& out, const at::Tensor& input,
                     const at::Tensor& w13, const at::Tensor& w2,
                     const fake::MaybeTensor& w13_bias,
                     const fake::MaybeTensor& w2_bias,
                     const at::Tensor& topk_weights, const at::Tensor& topk_ids,
                     bool skip_weighted, const std::string& act,
                     const std::string& isa) {
  cpu_fused_moe(out, input, w13, w2, w13_bias, w2_bias, topk_weights, topk_ids,
                skip_weighted, act, isa);
  asm volatile("");  // no tail call: the hook looks at its return address
}

}  // namespace

extern "C" EXPORT fake::CpuFusedMoe* const operator_as_called;
fake::CpuFusedMoe* const operator_as_called = CallCpuFusedMoe;

void cpu_fused_moe(at::Tensor&, const at::Tensor&, const at::Tensor&,
                   const at::Tensor&, const fake::MaybeTensor&,
                   const fake::MaybeTensor&, const at::Tensor&,
                   const at::Tensor&, bool, const std::string&,
                   const std::string&) {
  asm volatile("");
}
