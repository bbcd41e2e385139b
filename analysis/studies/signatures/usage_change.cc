#include "analysis/studies/signatures/usage_change.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>

#include "analysis/studies/signatures/usage_exchange.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

using Index = Eigen::Index;

constexpr double kSame = 1e-9;              // relative difference of ties
constexpr double kLeastDivergence = 1e-24;  // of usages that differ at all
constexpr Index kReplicatesAtOnce = 16;

// f(h) of UsageDivergence, -1 <= h <= 1.
double BitsOf(double h) {
  if (std::abs(h) < 0.01) {  // sum of h^2i / (2i (2i - 1))
    const double h2 = h * h;
    return h2 * (1. / 2 + h2 * (1. / 12 + h2 * (1. / 30 + h2 / 56))) /
           std::numbers::ln2;
  }
  const double up = 1 + h > 0 ? (1 + h) * std::log1p(h) : 0;
  const double down = 1 - h > 0 ? (1 - h) * std::log1p(-h) : 0;
  return (up + down) / 2 / std::numbers::ln2;
}

uint32_t CountChanged(std::span<const double> mean,
                      std::span<const double> difference) {
  uint32_t changed = 0;
  for (size_t e = 0; e < mean.size(); ++e) {
    const double half = std::abs(difference[e]) / 2;
    const double lesser = std::max(0., mean[e] - half);
    changed += mean[e] + half > kChangedFactor * lesser * (1 + kSame);
  }
  return changed;
}

// Figures of all permutations: one row for the observed value and each
// replicate, one column per layer and one for the mean over layers.
struct Figures {
  Figures(Index rows, size_t layers)
      : divergence(rows, static_cast<Index>(layers) + 1),
        changed(rows, static_cast<Index>(layers) + 1) {}

  void Fill(Index row, const std::vector<FeatureBlock>& blocks,
            const UsageExchange::Usages& usages) {
    const auto layers = static_cast<Index>(blocks.size());
    for (Index l = 0; l < layers; ++l) {
      const FeatureBlock& block = blocks[static_cast<size_t>(l)];
      const std::span mean(usages.mean.data() + block.offset, block.experts);
      const std::span difference(usages.difference.data() + block.offset,
                                 block.experts);
      divergence(row, l) = UsageDivergence(mean, difference);
      changed(row, l) = CountChanged(mean, difference);
    }
    divergence(row, layers) = divergence.row(row).head(layers).mean();
    changed(row, layers) = changed.row(row).head(layers).mean();
  }

  Eigen::MatrixXd divergence;
  Eigen::MatrixXd changed;
};

// Observed values are in row 0.
double PermutationP(const Eigen::VectorXd& values) {
  const double least = values[0] * (1 - kSame);
  return static_cast<double>((values.array() >= least).count()) /
         static_cast<double>(values.size());
}

// One adjusted p per column.
std::vector<double> AdjustedP(const Eigen::MatrixXd& values) {
  Eigen::MatrixXd standard = values;
  std::vector<bool> varies;
  Eigen::VectorXd greatest = Eigen::VectorXd::Constant(
      values.rows(), -std::numeric_limits<double>::infinity());
  for (Index l = 0; l < values.cols(); ++l) {
    const double mean = values.col(l).mean();
    standard.col(l).array() -= mean;
    const double deviation = std::sqrt(standard.col(l).array().square().mean());
    varies.push_back(deviation > kSame * mean);
    if (!varies.back()) continue;
    standard.col(l) /= deviation;
    greatest = greatest.cwiseMax(standard.col(l));
  }
  std::vector<double> result;
  for (Index l = 0; l < values.cols(); ++l) {
    const auto reached = (greatest.array() >= standard(0, l) - kSame).count();
    result.push_back(varies[static_cast<size_t>(l)]
                         ? static_cast<double>(reached) /
                               static_cast<double>(values.rows())
                         : 1);
  }
  return result;
}

void FillReplicates(const UsageExchange& exchange,
                    const std::vector<FeatureBlock>& blocks,
                    const UsageTest& test, Figures* figures) {
  const auto rows = static_cast<Index>(test.permutations);
  std::atomic<Index> next = 0;
  RunWorkers(test.threads, [&] {
    for (Index from = next.fetch_add(kReplicatesAtOnce); from < rows;
         from = next.fetch_add(kReplicatesAtOnce)) {
      const Index count = std::min(kReplicatesAtOnce, rows - from);
      UsageExchange::Columns weights(exchange.ObservedWeights().size(), count);
      for (Index r = 0; r < count; ++r) {
        weights.col(r) =
            exchange.Weights(test.seed, static_cast<uint64_t>(from + r));
      }
      const UsageExchange::Columns sums = exchange.Sums(weights);
      for (Index r = 0; r < count; ++r) {
        figures->Fill(1 + from + r, blocks, exchange.UsagesOf(sums.col(r)));
      }
    }
  });
}

UsageFigures FiguresOf(const Figures& figures, Index column) {
  UsageFigures result;
  const auto& divergence = figures.divergence.col(column);
  const auto& changed = figures.changed.col(column);
  result.divergence = divergence[0];
  result.changed = changed[0];
  const Index replicates = divergence.size() - 1;
  if (replicates == 0) return result;
  result.divergence_by_chance = divergence.tail(replicates).mean();
  result.changed_by_chance = changed.tail(replicates).mean();
  result.p = PermutationP(divergence);
  return result;
}

// Without what rounding leaves of a share of 0.
std::vector<double> Shares(const Eigen::VectorXd& values) {
  const Eigen::VectorXd shares = values.cwiseMax(0);
  return {shares.begin(), shares.end()};
}

}  // namespace

double UsageDivergence(std::span<const double> mean,
                       std::span<const double> difference) {
  double sum = 0;
  for (size_t e = 0; e < mean.size(); ++e) {
    if (mean[e] <= 0) continue;
    const double h = difference[e] / (2 * mean[e]);
    sum += mean[e] * BitsOf(std::clamp(h, -1., 1.));
  }
  return sum < kLeastDivergence ? 0 : std::min(sum, 1.);
}

UsageChange MeasureUsageChange(const SignatureMatrix& a,
                               const SignatureMatrix& b,
                               std::span<const UsagePair> pairs,
                               const UsageTest& test) {
  const UsageExchange exchange(a, b, pairs);
  Figures figures(1 + static_cast<Index>(test.permutations), a.blocks.size());
  const UsageExchange::Usages observed =
      exchange.UsagesOf(exchange.Sums(exchange.ObservedWeights()).col(0));
  figures.Fill(0, a.blocks, observed);
  FillReplicates(exchange, a.blocks, test, &figures);
  UsageChange change;
  change.usage_a = Shares(observed.mean + observed.difference / 2);
  change.usage_b = Shares(observed.mean - observed.difference / 2);
  const auto layers = static_cast<Index>(a.blocks.size());
  for (Index l = 0; l < layers; ++l) {
    change.layers.push_back(FiguresOf(figures, l));
  }
  change.overall = FiguresOf(figures, layers);
  if (test.permutations == 0) return change;
  const auto adjusted = AdjustedP(figures.divergence.leftCols(layers));
  for (size_t l = 0; l < adjusted.size(); ++l) {
    change.layers[l].p_adjusted = adjusted[l];
  }
  return change;
}

}  // namespace moetap
