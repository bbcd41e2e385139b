// The rows agree with themselves and with real names.
#include <gmock/gmock.h>

#include <cstring>
#include <set>
#include <string>

#include "hooks/cuda/kernel_rows.h"
#include "tests/unit/hooks/cuda_kernel_names.h"

namespace moetap {
namespace {

using From = Quantity::From;

std::vector<const KernelRow*> AllRows() {
  std::vector<const KernelRow*> rows;
  for (const KernelRow& row : VllmKernelRows()) rows.push_back(&row);
  for (const KernelRow& row : SglangKernelRows()) rows.push_back(&row);
  return rows;
}

// "PT4_", possibly of const: what the ids are if template argument 5 is.
std::string PointerTo(uint8_t id_template_argument, bool is_const) {
  const std::string pointer = is_const ? "PK" : "P";
  if (id_template_argument == kNoArgument) return pointer + "i";
  if (id_template_argument == 0) return pointer + "T_";
  return pointer + "T" + std::to_string(id_template_argument - 1) + "_";
}

TEST(CudaKernelRows, BasesAreDistinctAndAreTheBaseNames) {
  std::set<std::string> bases;
  for (const KernelRow* row : AllRows()) {
    bases.insert(row->base);
    bool scoped = std::string(row->base).starts_with("_ZN");
    std::string demangled = std::string(row->base) + (scoped ? "E" : "") + "v";
    std::vector<std::string> none;
    EXPECT_TRUE(DemangledParameters(demangled, &none)) << row->base;
    std::string last = row->base_name;
    if (size_t at = last.rfind(':'); at != last.npos) last.erase(0, at + 1);
    EXPECT_TRUE(
        std::string(row->base).ends_with(std::to_string(last.size()) + last))
        << row->base;
  }
  EXPECT_EQ(bases.size(), AllRows().size());
  EXPECT_EQ(bases.size(), 19u);
}

TEST(CudaKernelRows, IdsPointToTheIdType) {
  for (const KernelRow* row : AllRows()) {
    bool reads = row->role != KernelRole::kRouter &&
                 row->id_template_argument != kNoArgument;
    for (const KernelForm& form : row->forms) {
      EXPECT_EQ(ParameterType(form, row->ids_argument),
                PointerTo(row->id_template_argument, reads))
          << row->base;
    }
  }
}

TEST(CudaKernelRows, QuantitiesAreIntegers) {
  for (const KernelRow* row : AllRows()) {
    for (const KernelForm& form : row->forms) {
      for (Quantity quantity : {row->rows, row->k, row->experts}) {
        if (quantity.from == From::kArgument ||
            quantity.from == From::kArgumentOverK) {
          EXPECT_THAT(std::string(ParameterType(form, quantity.value)),
                      testing::AnyOf("i", "l", "m"))
              << row->base;
        }
        if (quantity.from == From::kTemplateArgument) {
          ASSERT_LT(quantity.value, strlen(form.template_arguments));
          EXPECT_EQ(form.template_arguments[quantity.value], 'i') << row->base;
        }
      }
      if (row->id_template_argument != kNoArgument) {
        ASSERT_LT(row->id_template_argument, strlen(form.template_arguments));
        EXPECT_EQ(form.template_arguments[row->id_template_argument], 'T');
      }
    }
  }
}

TEST(CudaKernelRows, PaddingPointsToConstBool) {
  for (const KernelRow* row : AllRows()) {
    for (const KernelForm& form : row->forms) {
      if (form.padding_argument == kNoArgument) continue;
      EXPECT_EQ(ParameterType(form, form.padding_argument), "PKb");
    }
  }
}

// tests/cuda_operators calls operators that launch all routers and no other.
TEST(CudaKernelRows, RoutersWereSeenOnTheStandIn) {
  for (const KernelRow* row : AllRows()) {
    EXPECT_EQ(row->evidence, row->role == KernelRole::kRouter
                                 ? KernelEvidence::kSeenOnStandIn
                                 : KernelEvidence::kByConstruction)
        << row->base;
    EXPECT_STRNE(row->engine, "");
    for (const KernelForm& form : row->forms) EXPECT_STRNE(form.versions, "");
  }
}

TEST(CudaKernelRows, EveryFormHasARealName) {
  std::set<const KernelForm*> seen;
  for (const ListedKernel& kernel : ListedKernels()) {
    if (const KernelForm* form = MatchKernel(kernel.name).form) {
      seen.insert(form);
    }
  }
  for (const KernelRow* row : AllRows()) {
    for (const KernelForm& form : row->forms) {
      EXPECT_TRUE(seen.contains(&form)) << row->base << " " << form.parameters;
    }
  }
}

TEST(CudaKernelRows, WidthsAreThoseOfTheTypes) {
  constexpr KernelForm kForm = {.versions = "",
                                .template_arguments = "",
                                .parameters = "PKb i l b f d m"};
  std::vector<int> widths;
  for (int i = 0; i < 8; ++i) widths.push_back(ArgumentBytes(kForm, i));
  EXPECT_THAT(widths, testing::ElementsAre(8, 4, 8, 1, 4, 8, 8, 0));
  EXPECT_EQ(ParameterCount(kForm), 7);
  EXPECT_EQ(ParameterType(kForm, 0), "PKb");
  EXPECT_EQ(ParameterType(kForm, 6), "m");
  EXPECT_EQ(ParameterType(kForm, 7), "");
}

}  // namespace
}  // namespace moetap
