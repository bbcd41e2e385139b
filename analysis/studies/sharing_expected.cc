#include "analysis/studies/sharing_expected.h"

#include <cmath>

namespace moetap {
namespace {

void AddWeighted(std::optional<double> value, uint64_t weight,
                 std::optional<double>* sum) {
  if (!value || !*sum) {
    sum->reset();
  } else {
    **sum += static_cast<double>(weight) * *value;
  }
}

}  // namespace

ExpectedDistinct ExpectDistinct(const MoeLayer& layer,
                                std::span<const uint64_t> expert_rows,
                                uint64_t usable_rows, uint32_t rows) {
  ExpectedDistinct expected;
  if (layer.experts >= layer.k && layer.k > 0) {
    const double experts = layer.experts;
    expected.uniform = experts * (1 - std::pow(1 - layer.k / experts, rows));
  }
  if (usable_rows > 0) {
    double sum = 0;
    for (const uint64_t with : expert_rows) {
      const double share =
          static_cast<double>(with) / static_cast<double>(usable_rows);
      sum += 1 - std::pow(1 - share, rows);
    }
    expected.popularity = sum;
  }
  return expected;
}

void MeanExpected::Add(const ExpectedDistinct& expected, uint64_t weight) {
  if (weight == 0) return;
  weight_ += weight;
  AddWeighted(expected.uniform, weight, &sum_.uniform);
  AddWeighted(expected.popularity, weight, &sum_.popularity);
}

std::vector<std::pair<std::string, std::optional<double>>>
MeanExpected::Baselines(double factor) const {
  const auto mean = [&](std::optional<double> sum) -> std::optional<double> {
    if (weight_ == 0 || !sum) return std::nullopt;
    return factor * *sum / static_cast<double>(weight_);
  };
  return {{"uniform", mean(sum_.uniform)},
          {"popularity", mean(sum_.popularity)}};
}

}  // namespace moetap
