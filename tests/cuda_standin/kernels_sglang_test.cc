// SGLang's router kernels on the host, and what belongs to no engine.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>
#include <string>

#include "tests/cuda_standin/kernels.h"
#include "tests/cuda_standin/kernels/numbers.h"
#include "tests/cuda_standin/router_reference.h"

namespace standin {
namespace {

using std::to_string;

const void* const kNull = nullptr;

bool Odd(const Problem& problem) { return problem.rows % 4 == 3; }

const float* Bias(const Problem& problem) {
  return Odd(problem) ? problem.bias.data() : nullptr;
}

Options SoftmaxOptions(const Problem& problem) {
  return {.scoring = Scoring::kSoftmax,
          .bias_in_logits = Odd(problem),
          .cap = problem.rows == 17 ? 3.0 : 0.0,
          .renormalize = problem.k != 7};
}

Options SigmoidOptions(const Problem& problem) {
  return {.scoring = Scoring::kSigmoid,
          .bias = Odd(problem),
          .renormalize = problem.k != 7};
}

std::string Gating(const Problem& problem, const char* function,
                   const char* parameters) {
  return std::string("_Z17topkGating") + function + "I" + problem.type +
         "Li8ELi" + to_string(problem.experts) + "ELi4ELi16EEvPKT_PKbPfiPi" +
         parameters;
}

TEST(SglangRouters, TopkGatingSoftmax) {
  ForEachProblem([](const Problem& problem) {
    Options options = SoftmaxOptions(problem);
    Written out(problem, 'i');
    ASSERT_TRUE(MakeArguments(problem.data.data(), kNull, out.weights.data(),
                              problem.rows, out.ids.data(), problem.k, 0,
                              problem.experts, options.renormalize,
                              float(options.cap), Bias(problem))
                    .Run(Gating(problem, "Softmax", "iiibfPKf"), 1));
    ExpectRouted(problem, options, out);
  });
}

TEST(SglangRouters, TopkGatingSigmoid) {
  ForEachProblem([](const Problem& problem) {
    Options options = SigmoidOptions(problem);
    Written out(problem, 'i');
    ASSERT_TRUE(MakeArguments(problem.data.data(), kNull, out.weights.data(),
                              problem.rows, out.ids.data(), problem.k, 0,
                              problem.experts, options.renormalize,
                              Bias(problem))
                    .Run(Gating(problem, "Sigmoid", "iiibPKf"), 1));
    ExpectRouted(problem, options, out);
  });
}

TEST(SglangRouters, MoeTopKAfterSoftmax) {
  ForEachProblem([](const Problem& problem) {
    Options options = SoftmaxOptions(problem);
    std::vector<float> scores(problem.logits.size());
    ASSERT_TRUE(
        MakeArguments(problem.data.data(), kNull, scores.data(),
                      problem.experts, float(options.cap), Bias(problem))
            .Run("_Z10moeSoftmaxI" + problem.type + "Li256EEvPKT_PKbPfifPKf",
                 problem.rows));
    for (const char* name : {"_Z11moeTopKFastILi256EEvPfPKbS0_Piiiiib",
                             "_Z7moeTopKILi256EEvPfPKbS0_Piiiiib"}) {
      Written out(problem, 'i');
      ASSERT_TRUE(MakeArguments(scores.data(), kNull, out.weights.data(),
                                out.ids.data(), problem.experts, problem.k, 0,
                                problem.experts, options.renormalize)
                      .Run(name, problem.rows));
      ExpectRouted(problem, options, out);
    }
  });
}

TEST(SglangRouters, MoeTopKAfterSigmoid) {
  ForEachProblem([](const Problem& problem) {
    Options options = SigmoidOptions(problem);
    std::vector<float> scores(problem.logits.size());
    ASSERT_TRUE(
        MakeArguments(problem.data.data(), kNull, scores.data(),
                      problem.experts, Bias(problem))
            .Run("_Z10moeSigmoidI" + problem.type + "Li256EEvPKT_PKbPfiPKf",
                 problem.rows));
    Written out(problem, 'i');
    ASSERT_TRUE(
        MakeArguments(scores.data(), kNull, out.weights.data(), out.ids.data(),
                      problem.experts, problem.k, 0, problem.experts,
                      options.renormalize, Bias(problem))
            .Run("_Z7moeTopKILi256EEvPKfPKbPfPiiiiibS1_", problem.rows));
    ExpectRouted(problem, options, out);
  });
}

TEST(Kernels, AnUnknownNameDoesNothing) {
  logged = {};
  EXPECT_FALSE(MakeArguments(1, 2.0).Run("_Z7nothingIiEvT_d", 1));
  EXPECT_FALSE(MakeArguments(1, 2.0).Run("_fused_moe_kernel", 1));
  EXPECT_FALSE(MakeArguments(1, 2.0).Run("", 1));
  EXPECT_EQ(logged.kernel, "");
}

TEST(Kernels, ALaunchWithTooFewArgumentsDoesNothing) {
  logged = {};
  EXPECT_FALSE(
      MakeArguments(1, 2.0).Run("_Z7moeTopKILi256EEvPfPKbS0_Piiiiib", 1));
  EXPECT_EQ(logged.kernel, "");
}

TEST(Kernels, SyntheticLogitsDifferByExecutionAndRow) {
  ASSERT_EQ(setenv("STANDIN_LOGITS", "synthetic", 1), 0);
  Problem problem = MakeProblem(64, 8, 2, "f");
  std::set<std::vector<int64_t>> rows;
  for (int execution = 0; execution < 3; ++execution) {
    Written out(problem, 'i');
    MakeArguments(problem.data.data(), kNull, out.weights.data(), 2,
                  out.ids.data(), 8, 0, 64, true, kNull)
        .Run(Gating(problem, "Sigmoid", "iiibPKf"), 1);
    EXPECT_EQ(logged.ids, out.Ids());
    for (int row : {0, 1}) {
      auto begin = logged.ids.begin() + row * 8;
      std::vector<int64_t> ids(begin, begin + 8);
      EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), 8u);
      rows.insert(ids);
    }
  }
  unsetenv("STANDIN_LOGITS");
  EXPECT_EQ(rows.size(), 6u);
}

TEST(Numbers, Half) {
  EXPECT_EQ(HalfToFloat(0x0000), 0.0f);
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc100), -2.5f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
}

TEST(Numbers, Bfloat16) {
  EXPECT_EQ(Bfloat16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(Bfloat16ToFloat(0xc020), -2.5f);
}

}  // namespace
}  // namespace standin
