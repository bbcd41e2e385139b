// vLLM.  A form is a parameter list as read from the wheels of its versions;
// the names of the parameters are from public sources.  A form that lacks
// parameters of a later one lacks those at the end, so that every argument
// before them has the same place in both.
#include "hooks/cuda/kernel_rows.h"

namespace moetap {
namespace {

constexpr KernelForm kTopkGating[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0",
     .template_arguments = "iiiiiTTe",
     .parameters = "PKT5_ PKb Pf i PT4_ Pi i i i b PKf"},
    {.versions = "0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "iiiiiTTe",
     .parameters = "PKT5_ PKb Pf i PT4_ Pi i i i b PKf d PKb",
     .padding_argument = 12},
};

constexpr KernelForm kMoeTopK[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0",
     .template_arguments = "iT",
     .parameters = "PKf PKb Pf PT0_ Pi i i i i b PKf"},
    {.versions = "0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "iT",
     .parameters = "PKf PKb Pf PT0_ Pi i i i i b PKf d PKb",
     .padding_argument = 12},
};

constexpr KernelForm kTopkGatingSoftplusSqrt[] = {
    {.versions = "0.20.2, 0.24.0",
     .template_arguments = "iiiiibTT",
     .parameters = "PKT6_ PKb Pf i PT5_ Pi i i i b d PKf PKT5_ PKT5_"},
    {.versions = "0.27.1",
     .template_arguments = "iiiiibTTT",
     .parameters = "PKT7_ PKb Pf i PT5_ Pi i i i b d PKf PKT6_ PKT6_ PKb",
     .padding_argument = 14},
    {.versions = "0.30.0, 0.33.0",
     .template_arguments = "iiiiibTTT",
     .parameters = "PKT7_ PKb Pf i PT5_ Pi i i i b d PKf PKT6_ PKT6_ PKb PKf l",
     .padding_argument = 14},
};

constexpr KernelForm kDsv4Hash[] = {
    {.versions = "0.27.1",
     .template_arguments = "TT",
     .parameters = "PKf Pf PT_ i i f PKT0_ PKT0_ PKb",
     .padding_argument = 8},
    {.versions = "0.30.0, 0.33.0",
     .template_arguments = "TT",
     .parameters = "PKf Pf PT_ i i f PKT0_ PKT0_ PKb PKf l",
     .padding_argument = 8},
};

constexpr KernelForm kGroupedSmall[] = {
    {.versions = "0.20.2, 0.24.0, 0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "TTTeibi",
     .parameters = "PT_ Pf PT1_ PKT0_ l l l l l l b d"},
};

constexpr KernelForm kGrouped[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0, 0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "TTTe",
     .parameters = "PT_ Pf PT1_ PKT0_ l l l l l b d"},
};

constexpr KernelForm kSingleGroupWarp[] = {
    {.versions = "0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "TTTeii",
     .parameters = "PKT_ Pf PT1_ PKT0_ l l l b f b"},
};

constexpr KernelForm kSingleGroupBlock[] = {
    {.versions = "0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "TTTeii",
     .parameters = "PKT_ Pf PT1_ PKT0_ l l b f b"},
};

constexpr KernelForm kAlignSmallBatch[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0, 0.27.1, 0.30.0",
     .template_arguments = "Ti",
     .parameters = "PKT_ Pi Pi Pi Pi i i m i i b"},
    {.versions = "0.33.0",
     .template_arguments = "Ti",
     .parameters = "PKT_ Pi Pi Pi Pi i i m i i b Pi"},
};

constexpr KernelForm kAlign[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0, 0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi Pi Pi i i i i m Pi i i b"},
};

constexpr KernelForm kCountAndSort[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0, 0.27.1, 0.30.0",
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi Pi m i i i b"},
    {.versions = "0.33.0",
     .template_arguments = "T",
     .parameters = "PKT_ Pi Pi Pi m i i i b Pi"},
};

constexpr KernelForm kPreprocess[] = {
    {.versions = "0.16.0, 0.20.2, 0.24.0, 0.27.1, 0.30.0, 0.33.0",
     .template_arguments = "",
     .parameters = "Pi i PKi i"},
};

constexpr KernelRow kRows[] = {
    {.base = "_ZN4vllm3moe10topkGating",
     .base_name = "vllm::moe::topkGating",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 4,
     .id_template_argument = 5,
     .rows = Argument(3),
     .k = Argument(6),
     .experts = FromTemplate(1),
     .forms = kTopkGating},
    // For the numbers of experts that topkGating has no instance of; its
    // literal is the number of threads.
    {.base = "_ZN4vllm3moe7moeTopK",
     .base_name = "vllm::moe::moeTopK",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 3,
     .id_template_argument = 1,
     .rows = GridX(),
     .k = Argument(6),
     .experts = Argument(5),
     .forms = kMoeTopK},
    {.base = "_ZN4vllm3moe22topkGatingSoftplusSqrt",
     .base_name = "vllm::moe::topkGatingSoftplusSqrt",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 4,
     .id_template_argument = 6,
     .rows = Argument(3),
     .k = Argument(6),
     .experts = FromTemplate(1),
     .forms = kTopkGatingSoftplusSqrt},
    // Four rows per block; launched for k = 6 only.
    {.base = "_ZN4vllm3moe24dsv4HashTopkSoftplusSqrt",
     .base_name = "vllm::moe::dsv4HashTopkSoftplusSqrt",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 2,
     .id_template_argument = 0,
     .rows = Argument(3),
     .k = Fixed(6),
     .experts = Argument(4),
     .forms = kDsv4Hash},
    // The integer literals of this kernel, and of those of a single group, are
    // upper bounds.
    {.base = "_ZN4vllm3moe44grouped_topk_fused_small_expert_count_kernel",
     .base_name = "vllm::moe::grouped_topk_fused_small_expert_count_kernel",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 2,
     .id_template_argument = 2,
     .rows = Argument(4),
     .k = Argument(7),
     .experts = Argument(8),
     .forms = kGroupedSmall},
    {.base = "_ZN4vllm3moe25grouped_topk_fused_kernel",
     .base_name = "vllm::moe::grouped_topk_fused_kernel",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 2,
     .id_template_argument = 2,
     .rows = Argument(4),
     .k = Argument(8),
     .experts = Argument(5),
     .forms = kGrouped},
    // No public source has this kernel and the next: the order of their
    // integers is that of launches of 0.33.0, and the older releases have the
    // same types.
    {.base = "_ZN4vllm3moe17single_group_topk6detail"
             "29single_group_topk_warp_kernel",
     .base_name = "vllm::moe::single_group_topk::detail::"
                  "single_group_topk_warp_kernel",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 2,
     .id_template_argument = 2,
     .rows = Argument(4),
     .k = Argument(6),
     .experts = Argument(5),
     .forms = kSingleGroupWarp},
    {.base = "_ZN4vllm3moe17single_group_topk6detail"
             "30single_group_topk_block_kernel",
     .base_name = "vllm::moe::single_group_topk::detail::"
                  "single_group_topk_block_kernel",
     .engine = "vllm",
     .role = KernelRole::kRouter,
     .evidence = KernelEvidence::kSeenOnStandIn,
     .ids_argument = 2,
     .id_template_argument = 2,
     .rows = GridX(),
     .k = Argument(5),
     .experts = Argument(4),
     .forms = kSingleGroupBlock},
    {.base = "_ZN4vllm3moe46moe_align_block_size_small_batch_expert_kernel",
     .base_name = "vllm::moe::moe_align_block_size_small_batch_expert_kernel",
     .engine = "vllm",
     .role = KernelRole::kConsumer,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(7),
     .k = Argument(9),
     .experts = Argument(5),
     .forms = kAlignSmallBatch},
    {.base = "_ZN4vllm3moe27moe_align_block_size_kernel",
     .base_name = "vllm::moe::moe_align_block_size_kernel",
     .engine = "vllm",
     .role = KernelRole::kConsumer,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(9),
     .k = Argument(12),
     .experts = Argument(5),
     .forms = kAlign},
    // Launched right after the one before, with the same ids.
    {.base = "_ZN4vllm3moe35count_and_sort_expert_tokens_kernel",
     .base_name = "vllm::moe::count_and_sort_expert_tokens_kernel",
     .engine = "vllm",
     .role = KernelRole::kFollower,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = 0,
     .rows = ArgumentOverK(4),
     .k = Argument(7),
     .experts = Argument(5),
     .forms = kCountAndSort},
    // Replaces the ids in place by those of the local experts.
    {.base = "_Z22preprocessTopkIdKernel",
     .base_name = "preprocessTopkIdKernel",
     .engine = "vllm",
     .role = KernelRole::kConsumer,
     .evidence = KernelEvidence::kByConstruction,
     .ids_argument = 0,
     .id_template_argument = kNoArgument,
     .rows = ArgumentOverK(1),
     .k = NotTold(),
     .experts = Argument(3),
     .forms = kPreprocess},
};

}  // namespace

std::span<const KernelRow> VllmKernelRows() { return kRows; }

}  // namespace moetap
