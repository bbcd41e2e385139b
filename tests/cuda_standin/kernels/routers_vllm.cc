// vLLM's router kernels.  The places of the arguments are those of the real
// kernels, written down here once more on purpose: what moetap records is
// compared with what these functions write.
#include <algorithm>
#include <limits>
#include <utility>

#include "tests/cuda_standin/kernels/launch.h"
#include "tests/cuda_standin/kernels/numbers.h"
#include "tests/cuda_standin/kernels/routing.h"

namespace standin {
namespace {

using moetap::KernelName;
using Score = void (*)(Row* row);

// The function of a ScoringFunc, where 1 is the sigmoid.
Score ScoreOf(int function, Score zero) {
  return function == 1 ? Sigmoid : zero;
}

void Nothing(Row*) {}

Decision Choose(Row logits, Score score, const float* bias, uint32_t k) {
  score(&logits);
  return {LargestK(Biased(logits, bias), k), std::move(logits)};
}

// (logits, finished, weights, rows, ids, source_rows, k, first, last,
// renormalize, bias [, scale, padding])
Routing GatingRouting(const Launch& launch, const KernelName& name) {
  int64_t experts = 0;
  moetap::IntegerLiteral(name.arguments.items[1], &experts);
  return {.rows = launch.Argument<uint32_t>(3),
          .k = launch.Argument<uint32_t>(6),
          .experts = static_cast<uint32_t>(experts),
          .weights = launch.Pointer<float>(2),
          .ids = launch.Pointer<void>(4),
          .source_rows = launch.Pointer<int32_t>(5),
          .finished = launch.Pointer<bool>(1),
          .first = launch.Argument<int>(7),
          .last = launch.Argument<int>(8),
          .renormalize = launch.Argument<bool>(9)};
}

void TopkGating(const Launch& launch, const KernelName& name) {
  Routing routing = GatingRouting(launch, name);
  routing.id_type = IntegerTypeOf(name, 5);
  if (launch.nargs > 11) {
    routing.scale = static_cast<float>(launch.Argument<double>(11));
  }
  if (launch.nargs > 12) routing.padding = launch.Pointer<bool>(12);
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 6), routing.experts);
  Score score = ScoreOf(EnumerationOf(name, 7), Softmax);
  const float* bias = launch.Pointer<float>(10);
  Route(launch.name, routing, [&](uint32_t row) {
    return Choose(logits.Row(row), score, bias, routing.k);
  });
}

// The experts that a table names for the token of each row.
struct HashTable {
  const void* tokens;
  const void* table;
  char type;  // of both

  Decision Choose(Row scores, uint32_t row, uint32_t k) const {
    int64_t token = ReadInteger(tokens, type, row);
    Decision decision;
    for (uint32_t rank = 0; rank < k; ++rank) {
      int64_t expert = ReadInteger(table, type, token * k + rank);
      decision.experts.push_back(static_cast<uint32_t>(expert));
    }
    decision.scores = std::move(scores);
    return decision;
  }
};

// (as topkGating up to renormalize, scale, bias, tokens, table [, padding,
// ...]).  The types: ids, tokens and table if not the same, logits.
void TopkGatingSoftplusSqrt(const Launch& launch, const KernelName& name) {
  int types = name.arguments.size;
  Routing routing = GatingRouting(launch, name);
  routing.id_type = IntegerTypeOf(name, 6);
  routing.scale = static_cast<float>(launch.Argument<double>(10));
  if (launch.nargs > 14) routing.padding = launch.Pointer<bool>(14);
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, types - 1),
                routing.experts);
  HashTable hash = {launch.Pointer<void>(12), launch.Pointer<void>(13),
                    IntegerTypeOf(name, types - 2)};
  bool hashed = name.arguments.items[5] == "Lb1E";
  const float* bias = launch.Pointer<float>(11);
  Route(launch.name, routing, [&](uint32_t row) {
    Row scores = logits.Row(row);
    if (!hashed) return Choose(scores, SqrtSoftplus, bias, routing.k);
    SqrtSoftplus(&scores);
    return hash.Choose(std::move(scores), row, routing.k);
  });
}

// (logits, weights, ids, rows, experts, scale, tokens, table, padding, ...)
void Dsv4Hash(const Launch& launch, const KernelName& name) {
  Routing routing = {.rows = launch.Argument<uint32_t>(3),
                     .k = 6,
                     .experts = launch.Argument<uint32_t>(4),
                     .weights = launch.Pointer<float>(1),
                     .ids = launch.Pointer<void>(2),
                     .id_type = IntegerTypeOf(name, 0),
                     .padding = launch.Pointer<bool>(8),
                     .last = launch.Argument<int>(4),
                     .renormalize = true,
                     .scale = launch.Argument<float>(5)};
  Logits logits(launch.Pointer<void>(0), FloatType::kFloat, routing.experts);
  HashTable hash = {launch.Pointer<void>(6), launch.Pointer<void>(7),
                    IntegerTypeOf(name, 1)};
  Route(launch.name, routing, [&](uint32_t row) {
    Row scores = logits.Row(row);
    SqrtSoftplus(&scores);
    return hash.Choose(std::move(scores), row, routing.k);
  });
}

// (logits, finished, scores, experts): a row per block.
void Scores(const Launch& launch, const KernelName& name, Score score) {
  uint32_t experts = launch.Argument<uint32_t>(3);
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 1), experts);
  for (uint32_t row = 0; row < launch.grid.x; ++row) {
    Row scores = logits.Row(row);
    score(&scores);
    std::copy(scores.begin(), scores.end(),
              launch.Pointer<float>(2) + static_cast<size_t>(row) * experts);
  }
}

void MoeSoftmax(const Launch& launch, const KernelName& name) {
  Scores(launch, name, Softmax);
}

void MoeSigmoid(const Launch& launch, const KernelName& name) {
  Scores(launch, name, Sigmoid);
}

// (scores, finished, weights, ids, source_rows, experts, k, first, last,
// renormalize, bias [, scale, padding]): a row per block.
void MoeTopK(const Launch& launch, const KernelName& name) {
  Routing routing = {.rows = launch.grid.x,
                     .k = launch.Argument<uint32_t>(6),
                     .experts = launch.Argument<uint32_t>(5),
                     .weights = launch.Pointer<float>(2),
                     .ids = launch.Pointer<void>(3),
                     .id_type = IntegerTypeOf(name, 1),
                     .source_rows = launch.Pointer<int32_t>(4),
                     .finished = launch.Pointer<bool>(1),
                     .first = launch.Argument<int>(7),
                     .last = launch.Argument<int>(8),
                     .renormalize = launch.Argument<bool>(9)};
  if (launch.nargs > 11) {
    routing.scale = static_cast<float>(launch.Argument<double>(11));
  }
  if (launch.nargs > 12) routing.padding = launch.Pointer<bool>(12);
  const float* scores = launch.Pointer<float>(0);
  const float* bias = launch.Pointer<float>(10);
  Route(launch.name, routing, [&](uint32_t row) {
    const float* from = scores + static_cast<size_t>(row) * routing.experts;
    return Choose(Row(from, from + routing.experts), Nothing, bias, routing.k);
  });
}

// A launch of one of the kernels with a correction bias of its own type.
struct Grouped {
  Routing routing;
  Logits logits;
  Score score;
  Row bias;  // zeros if there is none
};

// (logits, weights, ids, bias, ...); types: of logits, of bias, of ids, and
// the scoring function.  Numbers are added as floats, whatever their types.
Grouped ReadGrouped(const Launch& launch, const KernelName& name,
                    uint32_t experts) {
  Routing routing = {.experts = experts,
                     .weights = launch.Pointer<float>(1),
                     .ids = launch.Pointer<void>(2),
                     .id_type = IntegerTypeOf(name, 2),
                     .last = static_cast<int>(experts)};
  Row bias(experts);
  const void* from = launch.Pointer<void>(3);
  for (uint32_t i = 0; from != nullptr && i < experts; ++i) {
    bias[i] = ReadFloat(from, FloatTypeOf(name, 1), i);
  }
  return {routing,
          Logits(launch.Pointer<void>(0), FloatTypeOf(name, 0), experts),
          ScoreOf(EnumerationOf(name, 3), Nothing), std::move(bias)};
}

// Leaves -infinity for the experts of all but the best `kept` of `groups`
// groups.  A group is as good as the sum of its best two.
void KeepBestGroups(uint32_t groups, uint32_t kept, Row* choice) {
  size_t size = choice->size() / groups;
  Row group_scores(groups);
  for (uint32_t group = 0; group < groups; ++group) {
    auto begin = choice->begin() + static_cast<ptrdiff_t>(group * size);
    Row members(begin, begin + static_cast<ptrdiff_t>(size));
    for (uint32_t best : LargestK(members, 2)) {
      group_scores[group] += members[best];
    }
  }
  std::vector<uint32_t> best = LargestK(group_scores, kept);
  for (size_t i = 0; i < choice->size(); ++i) {
    bool keep = std::find(best.begin(), best.end(), i / size) != best.end();
    if (!keep) (*choice)[i] = -std::numeric_limits<float>::infinity();
  }
}

void RouteGrouped(const Launch& launch, const Grouped& grouped, uint32_t groups,
                  uint32_t kept) {
  Route(launch.name, grouped.routing, [&](uint32_t row) {
    Row scores = grouped.logits.Row(row);
    grouped.score(&scores);
    Row choice = Biased(scores, grouped.bias.data());
    if (groups > 1) KeepBestGroups(groups, kept, &choice);
    return Decision{LargestK(choice, grouped.routing.k), std::move(scores)};
  });
}

uint32_t Count(const Launch& launch, int index) {
  return static_cast<uint32_t>(launch.Argument<int64_t>(index));
}

// (..., rows, groups, kept groups, k, experts, experts per group, renormalize,
// scale)
void GroupedSmall(const Launch& launch, const KernelName& name) {
  Grouped grouped = ReadGrouped(launch, name, Count(launch, 8));
  grouped.routing.rows = Count(launch, 4);
  grouped.routing.k = Count(launch, 7);
  grouped.routing.renormalize = launch.Argument<bool>(10);
  grouped.routing.scale = static_cast<float>(launch.Argument<double>(11));
  RouteGrouped(launch, grouped, Count(launch, 5), Count(launch, 6));
}

// (..., rows, experts, groups, kept groups, k, renormalize, scale)
void GroupedFused(const Launch& launch, const KernelName& name) {
  Grouped grouped = ReadGrouped(launch, name, Count(launch, 5));
  grouped.routing.rows = Count(launch, 4);
  grouped.routing.k = Count(launch, 8);
  grouped.routing.renormalize = launch.Argument<bool>(9);
  grouped.routing.scale = static_cast<float>(launch.Argument<double>(10));
  RouteGrouped(launch, grouped, Count(launch, 6), Count(launch, 7));
}

// (..., rows, experts, k, renormalize, scale, a bool)
void SingleGroupWarp(const Launch& launch, const KernelName& name) {
  Grouped grouped = ReadGrouped(launch, name, Count(launch, 5));
  grouped.routing.rows = Count(launch, 4);
  grouped.routing.k = Count(launch, 6);
  grouped.routing.renormalize = launch.Argument<bool>(7);
  grouped.routing.scale = launch.Argument<float>(8);
  RouteGrouped(launch, grouped, 1, 1);
}

// (..., experts, k, renormalize, scale, a bool): a row per block.
void SingleGroupBlock(const Launch& launch, const KernelName& name) {
  Grouped grouped = ReadGrouped(launch, name, Count(launch, 4));
  grouped.routing.rows = launch.grid.x;
  grouped.routing.k = Count(launch, 5);
  grouped.routing.renormalize = launch.Argument<bool>(6);
  grouped.routing.scale = launch.Argument<float>(7);
  RouteGrouped(launch, grouped, 1, 1);
}

constexpr KernelEntry kKernels[] = {
    {"_ZN4vllm3moe10topkGatingI", 11, TopkGating},
    {"_ZN4vllm3moe22topkGatingSoftplusSqrtI", 14, TopkGatingSoftplusSqrt},
    {"_ZN4vllm3moe24dsv4HashTopkSoftplusSqrtI", 9, Dsv4Hash},
    {"_ZN4vllm3moe10moeSoftmaxI", 4, MoeSoftmax},
    {"_ZN4vllm3moe10moeSigmoidI", 4, MoeSigmoid},
    {"_ZN4vllm3moe7moeTopKI", 11, MoeTopK},
    {"_ZN4vllm3moe44grouped_topk_fused_small_expert_count_kernelI", 12,
     GroupedSmall},
    {"_ZN4vllm3moe25grouped_topk_fused_kernelI", 11, GroupedFused},
    {"_ZN4vllm3moe17single_group_topk6detail29single_group_topk_warp_kernelI",
     10, SingleGroupWarp},
    {"_ZN4vllm3moe17single_group_topk6detail30single_group_topk_block_kernelI",
     9, SingleGroupBlock},
};

}  // namespace

bool RunVllmRouter(const Launch& launch) { return RunAmong(kKernels, launch); }

}  // namespace standin
