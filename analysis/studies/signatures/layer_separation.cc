#include "analysis/studies/signatures/layer_separation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "analysis/studies/signatures/rank_correlation.h"
#include "analysis/studies/signatures/similarity.h"

namespace moetap {
namespace {

using Values = std::vector<std::optional<double>>;

// The d of one layer that has one.
struct LayerEffects {
  size_t block = 0;
  double observed = 0;
  Values resampled;
  Values permuted;
};

// Largest of the layers in each permutation; nothing where one has nothing,
// which then counts as the largest.
Values LargestPermuted(const std::vector<LayerEffects>& layers,
                       size_t permutations) {
  Values largest(permutations, std::numeric_limits<double>::lowest());
  for (const LayerEffects& layer : layers) {
    for (size_t b = 0; b < permutations; ++b) {
      if (!layer.permuted[b]) largest[b].reset();
      if (largest[b]) largest[b] = std::max(*largest[b], *layer.permuted[b]);
    }
  }
  return largest;
}

std::optional<double> RhoWithOrder(const std::vector<double>& d) {
  std::vector<double> order;
  while (order.size() < d.size()) {
    order.push_back(static_cast<double>(order.size()));
  }
  return Spearman(order, d);
}

// In each replicate; nothing where a layer has no d.
Values RhosWithOrder(const std::vector<LayerEffects>& layers,
                     Values LayerEffects::*effects) {
  Values rhos((layers.front().*effects).size());
  for (size_t r = 0; r < rhos.size(); ++r) {
    std::vector<double> d;
    for (const LayerEffects& layer : layers) {
      const auto& one = (layer.*effects)[r];
      if (one) d.push_back(*one);
    }
    if (d.size() == layers.size()) rhos[r] = RhoWithOrder(d);
  }
  return rhos;
}

std::optional<DepthTrend> TrendOf(const std::vector<LayerEffects>& layers) {
  std::vector<double> d;
  for (const LayerEffects& layer : layers) d.push_back(layer.observed);
  const auto rho = RhoWithOrder(d);
  if (!rho) return std::nullopt;
  Values permuted = RhosWithOrder(layers, &LayerEffects::permuted);
  for (auto& one : permuted) {
    if (one) one = std::abs(*one);
  }
  return DepthTrend{layers.size(), *rho,
                    BiasCorrectedInterval(
                        *rho, RhosWithOrder(layers, &LayerEffects::resampled)),
                    PermutationP(std::abs(*rho), permuted)};
}

}  // namespace

LayerSeparations SeparateLayers(const SignatureMatrix& matrix,
                                std::span<const uint32_t> labels,
                                const UnitResamples& resamples,
                                const LabelPermutations& permutations,
                                unsigned threads) {
  LayerSeparations result;
  std::vector<LayerEffects> effects;
  for (size_t l = 0; l < matrix.blocks.size(); ++l) {
    const SimilarityMatrix similarity = BlockCosineSimilarity(matrix, l);
    LayerSeparation& layer = result.layers.emplace_back();
    layer.layer = matrix.blocks[l].layer;
    layer.separation = Separate(similarity, labels);
    if (!layer.separation || !layer.separation->d) continue;
    LayerEffects& one = effects.emplace_back();
    one.block = l;
    one.observed = *layer.separation->d;
    one.resampled =
        Ds(ResampleSeparation(similarity, labels, resamples, threads));
    one.permuted = Ds(PermuteSeparation(similarity, permutations, threads));
    layer.d_interval = BiasCorrectedInterval(one.observed, one.resampled);
    layer.p = PermutationP(one.observed, one.permuted);
  }
  const Values largest = LargestPermuted(effects, permutations.size());
  for (const LayerEffects& one : effects) {
    result.layers[one.block].adjusted_p = PermutationP(one.observed, largest);
  }
  result.trend = TrendOf(effects);
  return result;
}

}  // namespace moetap
