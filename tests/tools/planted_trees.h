// Simulated fork trees whose expert sets overlap as planted curves say.
//
// A pair's intersection size is binomial of kPlantedK trials.  The logit of
// its probability, for tree g and layer l, is
//   mu_l + kEffect * (sqrt(kShared) * u_g + sqrt(1 - kShared) * a_gl),
// u_g standard normal, a_gl a stationary chain over the layers with standard
// normal values and correlation kNextLayer; both classes have effects of their
// own.  In all layers a tree has the number of pairs of its setting; u_g may be
// correlated with it.  mu_l is such that the population has the curve exactly.
#ifndef MOETAP_TESTS_TOOLS_PLANTED_TREES_H_
#define MOETAP_TESTS_TOOLS_PLANTED_TREES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/studies/intervals.h"

namespace moetap {

inline constexpr uint32_t kPlantedK = 8;
// Deviation of trees in logits: a tree's mean Jaccard index deviates by 0.08
// at 0.649, and by 0.05 at 0.175.
inline constexpr double kEffect = 0.35;
inline constexpr double kShared = 0.5;
inline constexpr double kNextLayer = 0.7;

// Pairs of a tree are drawn from [least, most] with density x^-(1 + tail).
struct PlantedSetting {
  const char* name;
  double least;
  double most;
  double tail;
  double link;  // correlation of u_g and the tree's place among the sizes
};
const std::vector<PlantedSetting>& PlantedSettings();

// Sums by unit and layer.
using UnitSums = std::vector<std::vector<RatioSum>>;

// One class of pairs.
class PlantedClass {
 public:
  // `curve`: E[sum of Jaccard indices] / E[pairs] of each layer.
  PlantedClass(const PlantedSetting& setting, const std::vector<double>& curve);

  // Mean over the layers of what pairs or trees have in the population.
  double pair_mean() const;
  double tree_mean() const;

  // `places`: of each tree among the sizes, in (0, 1).  A function of its
  // arguments.
  UnitSums Simulate(const std::vector<double>& places, uint64_t seed,
                    uint64_t stream) const;

 private:
  // Of a layer with this mu, over pairs (weighted) or trees.
  double Expectation(double mu, bool weighted) const;

  PlantedSetting setting_;
  std::vector<double> curve_;
  std::vector<double> mu_;
};

// Uniform in (0, 1): places of `trees` trees among the sizes.
std::vector<double> PlantedPlaces(size_t trees, uint64_t seed, uint64_t stream);

}  // namespace moetap

#endif  // MOETAP_TESTS_TOOLS_PLANTED_TREES_H_
