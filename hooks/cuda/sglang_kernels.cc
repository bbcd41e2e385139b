// SGLang, whose kernels are in the global namespace.  See vllm_kernels.cc for
// what a form is; here later releases have inserted a bool behind the
// arguments that are read.
#include "hooks/cuda/kernel_rows.h"

namespace moetap {
namespace {

constexpr char kAll[] = "sgl-kernel 0.3.21, sglang-kernel 0.4.4 and 0.4.10";
constexpr char kOlder[] = "sgl-kernel 0.3.21, sglang-kernel 0.4.4";
constexpr char kNewest[] = "sglang-kernel 0.4.10";

constexpr KernelForm kSoftmax[] = {
    {.versions = kAll,
     .template_arguments = "Tiiii",
     .parameters = "PKT_ PKb Pf i Pi i i i b f PKf"},
};

constexpr KernelForm kSigmoid[] = {
    {.versions = kAll,
     .template_arguments = "Tiiii",
     .parameters = "PKT_ PKb Pf i Pi i i i b PKf"},
};

constexpr KernelForm kTopKFast[] = {
    {.versions = kAll,
     .template_arguments = "i",
     .parameters = "Pf PKb Pf Pi i i i i b"},
};

// Two overloads: of the softmax file, where moeTopKFast has taken its place,
// and of the sigmoid file, with a correction bias.
constexpr KernelForm kTopK[] = {
    {.versions = kAll,
     .template_arguments = "i",
     .parameters = "Pf PKb Pf Pi i i i i b"},
    {.versions = kAll,
     .template_arguments = "i",
     .parameters = "PKf PKb Pf Pi i i i i b PKf"},
};

constexpr KernelForm kAlignSmallBatch[] = {
    {.versions = kOlder,
     .template_arguments = "Ti",
     .parameters = "PKT_ Pi Pi Pi i i m b i"},
    {.versions = kNewest,
     .template_arguments = "Ti",
     .parameters = "PKT_ Pi Pi Pi i i m b b i"},
};

constexpr KernelForm kAlign[] = {
    {.versions = kOlder,
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi Pi i i m Pi b i i"},
    {.versions = kNewest,
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi Pi i i m Pi b b i i"},
};

constexpr KernelForm kCountAndSort[] = {
    {.versions = kOlder,
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi m"},
    {.versions = kNewest,
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi m b"},
};

// The consumers are not told k.  Their callers pass the number of experts
// plus one, for ids of -1, so that argument is not taken for the number.
constexpr KernelRow kRows[] = {
    {.base = "_Z17topkGatingSoftmax",
     .base_name = "topkGatingSoftmax",
     .engine = "sglang-kernel",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 4,
     .id_template_argument = kNoArgument,
     .rows = Argument(3),
     .k = Argument(5),
     .experts = FromTemplate(2),
     .forms = kSoftmax},
    {.base = "_Z17topkGatingSigmoid",
     .base_name = "topkGatingSigmoid",
     .engine = "sglang-kernel",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 4,
     .id_template_argument = kNoArgument,
     .rows = Argument(3),
     .k = Argument(5),
     .experts = FromTemplate(2),
     .forms = kSigmoid},
    {.base = "_Z11moeTopKFast",
     .base_name = "moeTopKFast",
     .engine = "sglang-kernel",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 3,
     .id_template_argument = kNoArgument,
     .rows = GridX(),
     .k = Argument(5),
     .experts = Argument(4),
     .forms = kTopKFast},
    {.base = "_Z7moeTopK",
     .base_name = "moeTopK",
     .engine = "sglang-kernel",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 3,
     .id_template_argument = kNoArgument,
     .rows = GridX(),
     .k = Argument(5),
     .experts = Argument(4),
     .forms = kTopK},
    {.base = "_Z46moe_align_block_size_small_batch_expert_kernel",
     .base_name = "moe_align_block_size_small_batch_expert_kernel",
     .engine = "sglang-kernel",
     .role = KernelRole::kConsumer,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(6),
     .k = NotTold(),
     .experts = NotTold(),
     .forms = kAlignSmallBatch},
    {.base = "_Z27moe_align_block_size_kernel",
     .base_name = "moe_align_block_size_kernel",
     .engine = "sglang-kernel",
     .role = KernelRole::kConsumer,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(6),
     .k = NotTold(),
     .experts = NotTold(),
     .forms = kAlign},
    {.base = "_Z35count_and_sort_expert_tokens_kernel",
     .base_name = "count_and_sort_expert_tokens_kernel",
     .engine = "sglang-kernel",
     .role = KernelRole::kFollower,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(3),
     .k = NotTold(),
     .experts = NotTold(),
     .forms = kCountAndSort},
};

}  // namespace

std::span<const KernelRow> SglangKernelRows() { return kRows; }

}  // namespace moetap
