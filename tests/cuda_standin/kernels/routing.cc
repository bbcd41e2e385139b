#include "tests/cuda_standin/kernels/routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/cuda_standin/kernels/numbers.h"
#include "tests/cuda_standin/runtime.h"

namespace standin {
namespace {

int64_t WrittenId(const Routing& routing, uint32_t row, uint32_t expert) {
  if (routing.padding != nullptr && routing.padding[row]) return -1;
  bool finished = routing.finished != nullptr && routing.finished[row];
  int id = static_cast<int>(expert);
  bool ours = id >= routing.first && id < routing.last;
  return finished || !ours ? routing.experts : id - routing.first;
}

float Factor(const Routing& routing, const Decision& decision) {
  if (!routing.renormalize) return routing.scale;
  float sum = 0;
  for (uint32_t expert : decision.experts) sum += decision.scores[expert];
  return routing.scale / (sum > 0 ? sum : 1.0f);
}

void Write(const Routing& routing, uint32_t row, const Decision& decision,
           std::vector<int64_t>* ids) {
  float factor = Factor(routing, decision);
  for (uint32_t rank = 0; rank < decision.experts.size(); ++rank) {
    uint32_t expert = decision.experts[rank];
    size_t at = static_cast<size_t>(row) * routing.k + rank;
    int64_t id = WrittenId(routing, row, expert);
    WriteInteger(routing.ids, routing.id_type, at, id);
    routing.weights[at] = decision.scores[expert] * factor;
    if (routing.source_rows != nullptr) {
      routing.source_rows[at] = static_cast<int32_t>(rank * routing.rows + row);
    }
    (*ids)[at] = id;
  }
}

}  // namespace

void Softmax(Row* row) {
  float largest = *std::max_element(row->begin(), row->end());
  float sum = 0;
  for (float& value : *row) sum += value = std::exp(value - largest);
  for (float& value : *row) value /= sum;
}

void Sigmoid(Row* row) {
  for (float& value : *row) value = 1.0f / (1.0f + std::exp(-value));
}

void SqrtSoftplus(Row* row) {
  for (float& value : *row) {
    float positive = std::max(value, 0.0f);
    value = std::sqrt(positive + std::log1p(std::exp(-std::abs(value))));
  }
}

std::vector<uint32_t> LargestK(const Row& row, uint32_t k) {
  auto key = [&row](uint32_t i) {
    return std::isnan(row[i]) ? -INFINITY : row[i];
  };
  std::vector<uint32_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  k = std::min(k, static_cast<uint32_t>(row.size()));
  std::partial_sort(order.begin(), order.begin() + k, order.end(),
                    [&key](uint32_t a, uint32_t b) {
                      return key(a) != key(b) ? key(a) > key(b) : a < b;
                    });
  order.resize(k);
  return order;
}

Row Biased(const Row& row, const float* bias) {
  Row result = row;
  if (bias == nullptr) return result;
  for (size_t i = 0; i < result.size(); ++i) result[i] += bias[i];
  return result;
}

void Route(const char* kernel, const Routing& routing,
           const std::function<Decision(uint32_t row)>& decide) {
  std::vector<int64_t> ids(static_cast<size_t>(routing.rows) * routing.k);
  for (uint32_t row = 0; row < routing.rows; ++row) {
    Write(routing, row, decide(row), &ids);
  }
  LogRouter(kernel, routing.rows, routing.k, routing.experts, ids.data());
}

}  // namespace standin
