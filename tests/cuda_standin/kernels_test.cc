// vLLM's router kernels on the host, against a naive reference.
#include "tests/cuda_standin/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "tests/cuda_standin/kernels/numbers.h"
#include "tests/cuda_standin/router_reference.h"

namespace standin {
namespace {

using std::to_string;

const void* const kNull = nullptr;
constexpr char kIdTypes[] = {'i', 'j', 'l'};

// Something that differs between problems but not between runs.
bool Odd(const Problem& problem) { return problem.rows % 4 == 3; }
char IdType(const Problem& problem) { return kIdTypes[problem.k % 3]; }

std::string Gating(const Problem& problem, char ids, int scoring) {
  return "_ZN4vllm3moe10topkGatingILi8ELi" + to_string(problem.experts) +
         "ELi4ELi16ELi32E" + ids + problem.type + "LNS0_11ScoringFuncE" +
         to_string(scoring) + "EEEvPKT5_PKbPfiPT4_PiiiibPKfdPKb";
}

Arguments GatingArguments(const Problem& problem, const Options& options,
                          Written* out) {
  const float* bias = options.bias ? problem.bias.data() : nullptr;
  return MakeArguments(problem.data.data(), kNull, out->weights.data(),
                       problem.rows, out->ids.data(), out->source_rows.data(),
                       problem.k, 0, problem.experts, options.renormalize, bias,
                       options.scale, kNull);
}

TEST(VllmRouters, TopkGating) {
  ForEachProblem([](const Problem& problem) {
    for (int scoring : {0, 1}) {
      Options options = {
          .scoring = scoring == 1 ? Scoring::kSigmoid : Scoring::kSoftmax,
          .bias = Odd(problem),
          .renormalize = problem.k != 7,
          .scale = problem.rows == 17 ? 2.5 : 1};
      Written out(problem, IdType(problem));
      Arguments arguments = GatingArguments(problem, options, &out);
      ASSERT_TRUE(arguments.Run(Gating(problem, out.id_type, scoring), 1));
      ExpectRouted(problem, options, out);
    }
  });
}

TEST(VllmRouters, TopkGatingWritesWhereARowCameFrom) {
  Problem problem = MakeProblem(64, 2, 3, "f");
  Written out(problem, 'i');
  GatingArguments(problem, {}, &out).Run(Gating(problem, 'i', 0), 1);
  EXPECT_EQ(out.source_rows, (std::vector<int32_t>{0, 3, 1, 4, 2, 5}));
}

TEST(VllmRouters, TopkGatingTakesTheLowerOfEqualExperts) {
  Problem problem = MakeProblem(64, 8, 1, "f");
  problem.data = Encode(std::vector<double>(64, 0.5), "f");
  Written out(problem, 'l');
  GatingArguments(problem, {}, &out).Run(Gating(problem, 'l', 0), 1);
  EXPECT_EQ(out.Ids(), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(VllmRouters, TopkGatingTakesNotANumberLast) {
  Problem problem = MakeProblem(64, 64, 1, "f");
  problem.logits.assign(64, 0);
  problem.logits[0] = NAN;
  problem.data = Encode(problem.logits, "f");
  Written out(problem, 'l');
  GatingArguments(problem, {}, &out).Run(Gating(problem, 'l', 1), 1);
  EXPECT_EQ(out.Ids().front(), 1);
  EXPECT_EQ(out.Ids().back(), 0);
}

TEST(VllmRouters, TopkGatingMarksPaddedFinishedAndForeignRows) {
  Problem problem = MakeProblem(64, 2, 3, "f");
  problem.logits.assign(3 * 64, 0);
  for (int row : {0, 1, 2}) problem.logits[row * 64 + 40] = 3;
  problem.data = Encode(problem.logits, "f");
  Written out(problem, 'i');
  bool finished[] = {true, false, false};
  bool padding[] = {false, true, false};
  Arguments arguments = MakeArguments(
      problem.data.data(), &finished[0], out.weights.data(), 3, out.ids.data(),
      out.source_rows.data(), 2, 32, 64, true, kNull, 1.0, &padding[0]);
  ASSERT_TRUE(arguments.Run(Gating(problem, 'i', 0), 1));
  // Expert 40 is number 8 from 32 on; expert 0 is not of this process.
  EXPECT_EQ(out.Ids(), (std::vector<int64_t>{64, 64, -1, -1, 8, 64}));
  EXPECT_EQ(logged.ids, out.Ids());
}

TEST(VllmRouters, TopkGatingOfOlderReleases) {
  Problem problem = MakeProblem(64, 8, 3, "f");
  Written out(problem, 'i');
  Arguments arguments = MakeArguments(
      problem.data.data(), kNull, out.weights.data(), 3, out.ids.data(),
      out.source_rows.data(), 8, 0, 64, false, kNull);
  ASSERT_TRUE(
      arguments.Run("_ZN4vllm3moe10topkGatingILi8ELi64ELi4ELi16ELi32EifLNS0_"
                    "11ScoringFuncE0EEEvPKT5_PKbPfiPT4_PiiiibPKf",
                    1));
  ExpectRouted(problem, {.renormalize = false}, out);
}

TEST(VllmRouters, MoeTopKAfterItsScores) {
  ForEachProblem([](const Problem& problem) {
    for (bool sigmoid : {false, true}) {
      Options options = {
          .scoring = sigmoid ? Scoring::kSigmoid : Scoring::kSoftmax,
          .bias = Odd(problem),
          .scale = 1.5};
      std::vector<float> scores(problem.logits.size());
      std::string name = sigmoid ? "moeSigmoid" : "moeSoftmax";
      ASSERT_TRUE(MakeArguments(problem.data.data(), kNull, scores.data(),
                                problem.experts)
                      .Run("_ZN4vllm3moe10" + name + "ILi256E" + problem.type +
                               "EEvPKT0_PKbPfi",
                           problem.rows));
      Written out(problem, IdType(problem));
      const float* bias = options.bias ? problem.bias.data() : nullptr;
      ASSERT_TRUE(MakeArguments(scores.data(), kNull, out.weights.data(),
                                out.ids.data(), out.source_rows.data(),
                                problem.experts, problem.k, 0, problem.experts,
                                options.renormalize, bias, options.scale, kNull)
                      .Run(std::string("_ZN4vllm3moe7moeTopKILi256E") +
                               out.id_type + "EEvPKfPKbPfPT0_PiiiiibS3_dS5_",
                           problem.rows));
      ExpectRouted(problem, options, out);
    }
  });
}

std::string SoftplusSqrt(const Problem& problem, bool hash, char ids,
                         char tokens) {
  return "_ZN4vllm3moe22topkGatingSoftplusSqrtILi8ELi" +
         to_string(problem.experts) + "ELi4ELi16ELi32ELb" + to_string(hash) +
         "E" + ids + tokens + problem.type +
         "EEvPKT7_PKbPfiPT5_PiiiibdPKfPKT6_PKT6_PKbPKfl";
}

TEST(VllmRouters, TopkGatingSoftplusSqrt) {
  ForEachProblem([](const Problem& problem) {
    Options options = {
        .scoring = Scoring::kSqrtSoftplus, .bias = Odd(problem), .scale = 2.5};
    Written out(problem, IdType(problem));
    const float* bias = options.bias ? problem.bias.data() : nullptr;
    ASSERT_TRUE(MakeArguments(problem.data.data(), kNull, out.weights.data(),
                              problem.rows, out.ids.data(),
                              out.source_rows.data(), problem.k, 0,
                              problem.experts, true, options.scale, bias, kNull,
                              kNull, kNull, kNull, int64_t{-1})
                    .Run(SoftplusSqrt(problem, false, out.id_type, 'i'), 1));
    ExpectRouted(problem, options, out);
  });
}

// Tokens 0, 1, 2, of experts that no score would choose.
template <typename T>
struct HashInput {
  explicit HashInput(uint32_t k) {
    for (T token : {2, 0, 1}) tokens.push_back(token);
    for (uint32_t i = 0; i < 3 * k; ++i) table.push_back(T(i * 5 + 1));
  }
  std::vector<int64_t> Expected(uint32_t k) const {
    std::vector<int64_t> result;
    for (T token : tokens) {
      for (uint32_t i = 0; i < k; ++i) result.push_back(table[token * k + i]);
    }
    return result;
  }
  std::vector<T> tokens, table;
};

// The sum of a row's weights is the scale.
void ExpectScale(const Written& out, uint32_t k, float scale) {
  for (size_t at = 0; at < out.weights.size(); at += k) {
    float sum = 0;
    for (uint32_t i = 0; i < k; ++i) sum += out.weights[at + i];
    EXPECT_NEAR(sum, scale, 1e-5);
  }
}

TEST(VllmRouters, TopkGatingSoftplusSqrtByHash) {
  Problem problem = MakeProblem(256, 8, 3, "6__half");
  HashInput<int32_t> input(8);
  Written out(problem, 'l');
  ASSERT_TRUE(MakeArguments(problem.data.data(), kNull, out.weights.data(), 3,
                            out.ids.data(), out.source_rows.data(), 8, 0, 256,
                            true, 2.5, kNull, input.tokens.data(),
                            input.table.data(), kNull, kNull, int64_t{-1})
                  .Run(SoftplusSqrt(problem, true, 'l', 'i'), 1));
  EXPECT_EQ(out.Ids(), input.Expected(8));
  EXPECT_EQ(logged.ids, out.Ids());
  ExpectScale(out, 8, 2.5);
}

TEST(VllmRouters, Dsv4Hash) {
  Problem problem = MakeProblem(256, 6, 3, "f");
  HashInput<int64_t> input(6);
  Written out(problem, 'i');
  bool padding[] = {false, false, true};
  ASSERT_TRUE(
      MakeArguments(problem.data.data(), out.weights.data(), out.ids.data(), 3,
                    256, 1.5f, input.tokens.data(), input.table.data(),
                    &padding[0], kNull, int64_t{-1})
          .Run("_ZN4vllm3moe24dsv4HashTopkSoftplusSqrtIilEEvPKfPfPT_iifPKT0_"
               "S9_PKbS3_l",
               1));
  std::vector<int64_t> expected = input.Expected(6);
  std::fill(expected.begin() + 12, expected.end(), -1);
  EXPECT_EQ(out.Ids(), expected);
  EXPECT_EQ(logged.ids, expected);
  EXPECT_EQ(logged.k, 6u);
  ExpectScale(out, 6, 1.5);
}

// Which launch of the four kernels with a bias of its own type.
struct GroupedLaunch {
  const char* scope_and_name;
  const char* more_arguments;  // of the template
  const char* parameters;
};

std::string GroupedName(const GroupedLaunch& launch, const Problem& problem,
                        const std::string& bias_type, int scoring) {
  bool same = bias_type == problem.type && bias_type != "f";
  return std::string("_ZN4vllm3moe") + launch.scope_and_name + "I" +
         problem.type + (same ? "S4_" : bias_type) + "iLNS0_11ScoringFuncE" +
         to_string(scoring) + "E" + launch.more_arguments + "EEv" +
         launch.parameters;
}

template <typename Run>
void TestGrouped(int groups, int kept_groups, const Run& run) {
  ForEachProblem([&](const Problem& problem) {
    int scoring = Odd(problem) ? 0 : 1;
    Options options = {
        .scoring = scoring == 1 ? Scoring::kSigmoid : Scoring::kNone,
        .bias = true,
        .groups = groups,
        .kept_groups = kept_groups,
        .scale = 2.5};
    Written out(problem, 'i');
    // Sums of bare logits may be next to 0 or below.
    options.renormalize = scoring == 1;
    ASSERT_TRUE(run(problem, scoring, options, &out));
    ExpectRouted(problem, options, out);
  });
}

TEST(VllmRouters, GroupedTopkSmallExpertCount) {
  TestGrouped(
      4, 2,
      [](const Problem& problem, int scoring, const Options& options,
         Written* out) {
        return MakeArguments(problem.data.data(), out->weights.data(),
                             out->ids.data(), problem.bias.data(),
                             int64_t{problem.rows}, int64_t{4}, int64_t{2},
                             int64_t{problem.k}, int64_t{problem.experts},
                             int64_t{problem.experts / 4}, options.renormalize,
                             options.scale)
            .Run(GroupedName({"44grouped_topk_fused_small_expert_count_kernel",
                              "Li256ELb1ELi8E", "PT_PfPT1_PKT0_llllllbd"},
                             problem, "f", scoring),
                 problem.rows);
      });
}

TEST(VllmRouters, GroupedTopk) {
  TestGrouped(4, 3,
              [](const Problem& problem, int scoring, const Options& options,
                 Written* out) {
                return MakeArguments(problem.data.data(), out->weights.data(),
                                     out->ids.data(), problem.bias.data(),
                                     int64_t{problem.rows},
                                     int64_t{problem.experts}, int64_t{4},
                                     int64_t{3}, int64_t{problem.k},
                                     options.renormalize, options.scale)
                    .Run(GroupedName({"25grouped_topk_fused_kernel", "",
                                      "PT_PfPT1_PKT0_lllllbd"},
                                     problem, "f", scoring),
                         problem.rows);
              });
}

TEST(VllmRouters, SingleGroupTopkWarp) {
  TestGrouped(
      1, 1,
      [](const Problem& problem, int scoring, const Options& options,
         Written* out) {
        return MakeArguments(problem.data.data(), out->weights.data(),
                             out->ids.data(), problem.bias.data(),
                             int64_t{problem.rows}, int64_t{problem.experts},
                             int64_t{problem.k}, options.renormalize,
                             float(options.scale), false)
            .Run(GroupedName({"17single_group_topk6detail29single_group_topk_"
                              "warp_kernel",
                              "Li512ELi22E", "PKT_PfPT1_PKT0_lllbfb"},
                             problem, "f", scoring),
                 1);
      });
}

TEST(VllmRouters, SingleGroupTopkBlockWithABiasOfTheLogitsType) {
  TestGrouped(
      1, 1,
      [](const Problem& problem, int scoring, const Options& options,
         Written* out) {
        std::vector<char> bias =
            Encode({problem.bias.begin(), problem.bias.end()}, problem.type);
        return MakeArguments(problem.data.data(), out->weights.data(),
                             out->ids.data(), bias.data(),
                             int64_t{problem.experts}, int64_t{problem.k},
                             options.renormalize, float(options.scale), false)
            .Run(GroupedName({"17single_group_topk6detail30single_group_topk_"
                              "block_kernel",
                              "Li512ELi22E", "PKT_PfPT1_PKT0_llbfb"},
                             problem, problem.type, scoring),
                 problem.rows);
      });
}

}  // namespace
}  // namespace standin
