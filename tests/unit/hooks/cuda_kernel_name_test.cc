#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "hooks/cuda/kernel_name.h"
#include "tests/unit/hooks/cuda_kernel_names.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <typename List>
std::vector<std::string_view> Items(const List& list) {
  return {list.items, list.items + list.size};
}

bool Parses(std::string_view name) {
  KernelName parsed;
  return ParseKernelName(ExactCopy(name), &parsed);
}

std::string Repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(CudaKernelName, ScopedTemplate) {
  KernelName name;
  ASSERT_TRUE(ParseKernelName(
      "_ZN4vllm3moe10topkGatingILi18ELi576ELi4ELi4ELi32El13__nv_bfloat16LNS0_"
      "11ScoringFuncE1EEEvPKT5_PKbPfiPT4_PiiiibPKfdS8_",
      &name));
  EXPECT_TRUE(name.is_template);
  EXPECT_THAT(Items(name.arguments),
              ElementsAre("Li18E", "Li576E", "Li4E", "Li4E", "Li32E", "l",
                          "13__nv_bfloat16", "LNS0_11ScoringFuncE1E"));
  EXPECT_THAT(Items(name.parameters),
              ElementsAre("PKT5_", "PKb", "Pf", "i", "PT4_", "Pi", "i", "i",
                          "i", "b", "PKf", "d", "S8_"));
  EXPECT_TRUE(SameType(name, "S8_", "PKb"));
  EXPECT_FALSE(SameType(name, "S8_", "PKf"));
  EXPECT_FALSE(SameType(name, "S8_", "PKbb"));
}

TEST(CudaKernelName, GlobalTemplate) {
  KernelName name;
  ASSERT_TRUE(ParseKernelName("_Z7moeTopKILi256EEvPKfPKbPfPiiiiibS1_", &name));
  EXPECT_THAT(Items(name.arguments), ElementsAre("Li256E"));
  EXPECT_EQ(name.parameters.size, 10);
  EXPECT_TRUE(SameType(name, name.parameters.items[9], "PKf"));
}

TEST(CudaKernelName, NoTemplate) {
  KernelName name;
  ASSERT_TRUE(ParseKernelName("_Z22preprocessTopkIdKernelPiiPKii", &name));
  EXPECT_FALSE(name.is_template);
  EXPECT_THAT(Items(name.arguments), IsEmpty());
  EXPECT_THAT(Items(name.parameters), ElementsAre("Pi", "i", "PKi", "i"));
  ASSERT_TRUE(ParseKernelName("_ZN4vllm4noneEv", &name));
  EXPECT_THAT(Items(name.parameters), IsEmpty());
}

TEST(CudaKernelName, SubstitutionsInsideOfTypes) {
  KernelName name;
  // The type of the ids is a substitution inside of a pointer.
  ASSERT_TRUE(ParseKernelName(
      "_ZN4vllm3moe22topkGatingSoftplusSqrtILi18ELi576ELi4ELi8ELi32ELb0ElfEEvP"
      "KT6_PKbPfiPT5_PiiiibdPKfPKS8_SE_",
      &name));
  EXPECT_TRUE(SameType(name, "PKS8_", "PKT5_"));
  EXPECT_TRUE(SameType(name, "SE_", "PKT5_"));
  // A scope and a type in it are two substitutions.
  ASSERT_TRUE(ParseKernelName(
      "_Z8moe_q2_KIN3c108BFloat16ELb1EEvPKvS3_PT_PKiS7_S7_iiiiiii", &name));
  EXPECT_TRUE(SameType(name, "S1_", "N3c108BFloat16E"));
  EXPECT_TRUE(SameType(name, "S3_", "PKv"));
  EXPECT_TRUE(SameType(name, "S7_", "PKi"));
}

TEST(CudaKernelName, IntegerLiterals) {
  int64_t value = 0;
  EXPECT_TRUE(IntegerLiteral("Li576E", &value));
  EXPECT_EQ(value, 576);
  EXPECT_TRUE(IntegerLiteral("Lin1E", &value));
  EXPECT_EQ(value, -1);
  EXPECT_TRUE(IntegerLiteral("Ll562949953487106E", &value));
  EXPECT_EQ(value, 562949953487106);
  for (const char* text : {"", "i", "LiE", "Li1", "Li1EE", "LinE", "LN1aE0E",
                           "L1a0E", "Li9999999999999999999E", "Li0x1E"}) {
    EXPECT_FALSE(IntegerLiteral(text, &value)) << text;
  }
}

TEST(CudaKernelName, WhatIsNotUnderstood) {
  for (const char* text : {"",
                           "_",
                           "_Z",
                           "_ZN",
                           "_ZNE",
                           "_ZNEv",
                           "f",
                           "_Z1",
                           "_Z1f",
                           "_Z0v",
                           "_Z2fv",
                           "_Z99999999999999999999999fv",
                           "_ZN1fv",
                           "_Z1fIiEii",
                           "_Z1fIiEv",
                           "_Z1fIiE",
                           "_Z1fIi",
                           "_Z1fIXT_EEvv",
                           "_Z1fIL_Z1gvEEvv",
                           "_Z1fvi",
                           "_Z1fiv",
                           "_Z1fS_",
                           "_Z1fPS_",
                           "_Z1fS:_",
                           "_Z1fSZZZ_",
                           "_Z1fSt6vectorIiE",
                           "_Z1fPFvvE",
                           "_Z1fA2_i",
                           "_Z1fNE",
                           "_Z1fNS_E",
                           "_Z1fP",
                           "_Z1fK",
                           "_Z1f1",
                           "_Z1fILiEEvv",
                           "_Z1fDv2_f",
                           "_Z1fu3xyz",
                           "_ZN1fB3tagEv",
                           "_ZZ1fvE1g"}) {
    EXPECT_FALSE(Parses(text)) << text;
  }
  EXPECT_FALSE(Parses(std::string_view("_Z1f\0i", 6)));
}

TEST(CudaKernelName, DepthAndSizeAreBounded) {
  EXPECT_TRUE(Parses("_Z1f" + Repeat("P", kMaxTypeDepth - 1) + "i"));
  EXPECT_FALSE(Parses("_Z1f" + Repeat("P", kMaxTypeDepth) + "i"));
  EXPECT_TRUE(Parses("_Z1f" + Repeat("i", 40)));
  EXPECT_FALSE(Parses("_Z1f" + Repeat("i", 41)));
  EXPECT_FALSE(Parses("_Z1fI" + Repeat("i", 17) + "Evv"));
  for (const char* piece : {"P", "K", "PK", "1aI", "N1aI", "I", "L", "J", "N",
                            "LN1a", "S_I", "N1a", "1a", "T_"}) {
    EXPECT_FALSE(Parses("_Z1fI" + Repeat(piece, 100000))) << piece;
  }
}

TEST(CudaKernelName, TruncatedAnywhere) {
  for (const ListedKernel& kernel : ListedKernels()) {
    for (size_t size = 0; size < kernel.name.size(); ++size) {
      std::string text = kernel.name.substr(0, size);
      KernelName name;
      ExactCopy copy(text);
      if (!ParseKernelName(copy, &name)) continue;
      std::vector<std::string> types;
      ASSERT_TRUE(DemangledParameters(text, &types)) << text;
      EXPECT_EQ(static_cast<size_t>(name.parameters.size), types.size());
    }
  }
}

}  // namespace
}  // namespace moetap
