#include "hooks/cuda/triton_kernels.h"

namespace moetap {
namespace {

using Verdict = KernelMatch::Verdict;

constexpr std::string_view kTopkForwardName = "_topk_forward";
constexpr std::string_view kDsv4Name = "_dsv4_topk_kernel";

// _topk_forward(X, stride_xm, Yv, Yi, stride_ym, Bits, n_rows, n_expts_tot, S,
// s_blocks), and two pointers that Triton adds.  stride_ym is k: the ids are
// packed.  n_rows and s_blocks may be 1, and are then missing.
constexpr KernelForm kAll = {.versions = "0.33.0",
                             .template_arguments = "",
                             .parameters = "Pf i Pf Ps i Pj i i Pi i Pv Pv"};
constexpr KernelForm kOneBlock = {.versions = "0.33.0",
                                  .template_arguments = "",
                                  .parameters = "Pf i Pf Ps i Pj i i Pi Pv Pv"};
constexpr KernelForm kOneRow = {.versions = "0.33.0",
                                .template_arguments = "",
                                .parameters = "Pf i Pf Ps i Pj i Pi i Pv Pv"};
constexpr KernelForm kOneRowOneBlock = {
    .versions = "0.33.0",
    .template_arguments = "",
    .parameters = "Pf i Pf Ps i Pj i Pi Pv Pv"};

constexpr KernelRow TopkForward(const KernelForm& form, Quantity rows,
                                Quantity experts) {
  return {.base = kTopkForwardName.data(),
          .base_name = "triton_kernels _topk_forward",
          .engine = "vllm",
          .role = KernelRole::kRouter,
          .evidence = KernelEvidence::kByConstruction,
          .ids_argument = 3,
          .id_template_argument = kNoArgument,
          .rows = rows,
          .k = Argument(4),
          .experts = experts,
          .forms = {&form, 1}};
}

constexpr KernelRow kTopkForward[] = {
    TopkForward(kAll, Argument(6), Argument(7)),
    TopkForward(kOneBlock, Argument(6), Argument(7)),
    TopkForward(kOneRow, Fixed(1), Argument(6)),
    TopkForward(kOneRowOneBlock, Fixed(1), Argument(6)),
};

// Ids of 4 or 8 bytes, which nothing in the launch tells apart.
constexpr KernelRow kDsv4 = {.base = kDsv4Name.data(),
                             .base_name = "vllm _dsv4_topk_kernel",
                             .engine = "vllm",
                             .role = KernelRole::kRouter,
                             .evidence = KernelEvidence::kByConstruction,
                             .ids_argument = 0,
                             .id_template_argument = kNoArgument,
                             .rows = GridX(),
                             .k = Fixed(6),
                             .experts = NotTold(),
                             .forms = {}};

bool HasSizes(const KernelForm& form, std::span<const size_t> sizes) {
  if (sizes.size() != static_cast<size_t>(ParameterCount(form))) return false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int bytes = ArgumentBytes(form, static_cast<int>(i));
    if (sizes[i] != static_cast<size_t>(bytes)) return false;
  }
  return true;
}

KernelMatch UnknownForm(const KernelRow& row, const char* why) {
  return {.verdict = Verdict::kUnknownForm, .row = &row, .why = why};
}

}  // namespace

bool IsTritonRouter(std::string_view name) {
  return name == kTopkForwardName || name == kDsv4Name;
}

KernelMatch MatchTritonKernel(std::string_view name,
                              std::span<const size_t> sizes) {
  if (name == kDsv4Name) {
    return UnknownForm(kDsv4, "a Triton kernel with ids of unknown size");
  }
  if (name != kTopkForwardName) return {};
  for (const KernelRow& row : kTopkForward) {
    if (!HasSizes(row.forms[0], sizes)) continue;
    return {.verdict = Verdict::kRow,
            .row = &row,
            .form = &row.forms[0],
            .id_bytes = 2,
            .id_signed = true};
  }
  return UnknownForm(kTopkForward[0], sizes.empty()
                                          ? "the driver tells no parameters"
                                          : "parameters of other sizes");
}

}  // namespace moetap
