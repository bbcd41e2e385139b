// SGLang's router kernels, whose ids are always int32.  A bias is part of the
// score that is chosen by: of the softmax's logits, whose weights it changes,
// and of the sigmoid's results, whose weights are without it.
#include <algorithm>
#include <cmath>

#include "tests/cuda_standin/kernels/launch.h"
#include "tests/cuda_standin/kernels/numbers.h"
#include "tests/cuda_standin/kernels/routing.h"

namespace standin {
namespace {

using moetap::KernelName;

void CappedSoftmax(float cap, const float* bias, Row* row) {
  if (cap != 0) {
    for (float& value : *row) value = std::tanh(value / cap) * cap;
  }
  *row = Biased(*row, bias);
  Softmax(row);
}

// (logits, finished, weights, rows, ids, k, first, last, renormalize, ...)
Routing GatingRouting(const Launch& launch, const KernelName& name) {
  int64_t experts = 0;
  moetap::IntegerLiteral(name.arguments.items[2], &experts);
  return {.rows = launch.Argument<uint32_t>(3),
          .k = launch.Argument<uint32_t>(5),
          .experts = static_cast<uint32_t>(experts),
          .weights = launch.Pointer<float>(2),
          .ids = launch.Pointer<void>(4),
          .finished = launch.Pointer<bool>(1),
          .first = launch.Argument<int>(6),
          .last = launch.Argument<int>(7),
          .renormalize = launch.Argument<bool>(8)};
}

// (..., cap, bias)
void TopkGatingSoftmax(const Launch& launch, const KernelName& name) {
  Routing routing = GatingRouting(launch, name);
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 0), routing.experts);
  Route(launch.name, routing, [&](uint32_t row) {
    Row scores = logits.Row(row);
    CappedSoftmax(launch.Argument<float>(9), launch.Pointer<float>(10),
                  &scores);
    return Decision{LargestK(scores, routing.k), scores};
  });
}

// (..., bias)
void TopkGatingSigmoid(const Launch& launch, const KernelName& name) {
  Routing routing = GatingRouting(launch, name);
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 0), routing.experts);
  const float* bias = launch.Pointer<float>(9);
  Route(launch.name, routing, [&](uint32_t row) {
    Row scores = logits.Row(row);
    Sigmoid(&scores);
    return Decision{LargestK(Biased(scores, bias), routing.k), scores};
  });
}

void WriteRow(const Row& scores, uint32_t row, float* matrix) {
  std::copy(scores.begin(), scores.end(), matrix + row * scores.size());
}

// (logits, finished, scores, experts, cap, bias): a row per block.
void MoeSoftmax(const Launch& launch, const KernelName& name) {
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 0),
                launch.Argument<uint32_t>(3));
  for (uint32_t row = 0; row < launch.grid.x; ++row) {
    Row scores = logits.Row(row);
    CappedSoftmax(launch.Argument<float>(4), launch.Pointer<float>(5), &scores);
    WriteRow(scores, row, launch.Pointer<float>(2));
  }
}

// (logits, finished, scores with bias, experts, bias): a row per block.
void MoeSigmoid(const Launch& launch, const KernelName& name) {
  Logits logits(launch.Pointer<void>(0), FloatTypeOf(name, 0),
                launch.Argument<uint32_t>(3));
  for (uint32_t row = 0; row < launch.grid.x; ++row) {
    Row scores = logits.Row(row);
    Sigmoid(&scores);
    WriteRow(Biased(scores, launch.Pointer<float>(4)), row,
             launch.Pointer<float>(2));
  }
}

// (scores, finished, weights, ids, experts, k, first, last, renormalize
// [, bias that is in the scores]): a row per block.
void MoeTopK(const Launch& launch, const KernelName&) {
  Routing routing = {.rows = launch.grid.x,
                     .k = launch.Argument<uint32_t>(5),
                     .experts = launch.Argument<uint32_t>(4),
                     .weights = launch.Pointer<float>(2),
                     .ids = launch.Pointer<void>(3),
                     .finished = launch.Pointer<bool>(1),
                     .first = launch.Argument<int>(6),
                     .last = launch.Argument<int>(7),
                     .renormalize = launch.Argument<bool>(8)};
  const float* bias = launch.nargs > 9 ? launch.Pointer<float>(9) : nullptr;
  const float* matrix = launch.Pointer<float>(0);
  Route(launch.name, routing, [&](uint32_t row) {
    const float* from = matrix + static_cast<size_t>(row) * routing.experts;
    Row scores(from, from + routing.experts);
    Decision decision = {LargestK(scores, routing.k), scores};
    for (size_t i = 0; bias != nullptr && i < scores.size(); ++i) {
      decision.scores[i] -= bias[i];
    }
    return decision;
  });
}

constexpr KernelEntry kKernels[] = {
    {"_Z17topkGatingSoftmaxI", 11, TopkGatingSoftmax},
    {"_Z17topkGatingSigmoidI", 10, TopkGatingSigmoid},
    {"_Z10moeSoftmaxI", 6, MoeSoftmax},
    {"_Z10moeSigmoidI", 5, MoeSigmoid},
    {"_Z11moeTopKFastI", 9, MoeTopK},
    {"_Z7moeTopKI", 9, MoeTopK},
};

}  // namespace

bool RunSglangRouter(const Launch& launch) {
  return RunAmong(kKernels, launch);
}

}  // namespace standin
