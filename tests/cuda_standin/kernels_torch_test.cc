// torch's kernels on the host.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cuda_standin/kernels.h"
#include "tests/cuda_standin/router_reference.h"

namespace standin {
namespace {

std::string FillName(const std::string& type) {
  return "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_11FillFunctorI" +
         type + "EESt5arrayIPcLm1EELb0EEEviT0_T1_";
}

std::string ArangeName(const std::string& closure) {
  return "_ZN50_GLOBAL__N__2fa45684_17_RangeFactories_cu_38772b0829elementwise"
         "_kernel_with_indexIiZZZN2at6native15arange_cuda_outERKN3c106ScalarES6"
         "_S6_RNS1_6TensorEENKUlvE_clEvENKUlvE" +
         closure + "_clEvEUllE_EEvT_T0_PN15function_traitsISD_E11result_typeE";
}

std::vector<int> Sizes(const std::string& name) {
  std::vector<int> sizes(16);
  sizes.resize(KernelParameterSizes(name.c_str(), sizes.data(), 16));
  return sizes;
}

TEST(TorchKernels, SizesOfParameters) {
  EXPECT_EQ(Sizes(FillName("l")), (std::vector<int>{4, 8, 8}));
  EXPECT_EQ(Sizes(FillName("f")), (std::vector<int>{4, 4, 8}));
  EXPECT_EQ(Sizes(FillName("b")), (std::vector<int>{4, 1, 8}));
  EXPECT_EQ(Sizes(FillName("N3c108BFloat16E")), (std::vector<int>{4, 2, 8}));
  EXPECT_EQ(Sizes("_ZN2at6native27unrolled_elementwise_kernelINS0_11FillFunct"
                  "orIiEESt5arrayIPcLm1EELi4E23TrivialOffsetCalculatorILi0EjES"
                  "7_ILi1EjENS0_6memory15LoadWithoutCastENSA_16StoreWithoutCas"
                  "tEEEviT_T0_T2_T3_T4_T5_"),
            (std::vector<int>{4, 4, 8}));
  EXPECT_EQ(Sizes(FillName("N3c107complexIfEE")), std::vector<int>{});
  EXPECT_EQ(Sizes(ArangeName("1")), (std::vector<int>{4, 16, 8}));
  EXPECT_EQ(Sizes(ArangeName("5")), std::vector<int>{});
  EXPECT_EQ(Sizes("_Z7moeTopKILi256EEvPfPKbS0_Piiiiib"), std::vector<int>{});
}

TEST(TorchKernels, Fill) {
  std::vector<int64_t> array(4, -1);
  ASSERT_TRUE(
      MakeArguments(3, int64_t{1} << 40, array.data()).Run(FillName("l"), 1));
  constexpr int64_t kValue = int64_t{1} << 40;
  EXPECT_EQ(array, (std::vector<int64_t>{kValue, kValue, kValue, -1}));
}

struct Range {
  int64_t start, step;
};

TEST(TorchKernels, Arange) {
  std::vector<int32_t> narrow(4, -1);
  ASSERT_TRUE(
      MakeArguments(3, Range{1, 2}, narrow.data()).Run(ArangeName("1"), 1));
  EXPECT_EQ(narrow, (std::vector<int32_t>{1, 3, 5, -1}));
  std::vector<int64_t> wide(4, -1);
  ASSERT_TRUE(
      MakeArguments(3, Range{5, -3}, wide.data()).Run(ArangeName("2"), 1));
  EXPECT_EQ(wide, (std::vector<int64_t>{5, 2, -1, -1}));
}

}  // namespace
}  // namespace standin
