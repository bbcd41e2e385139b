#include "tests/tools/planted_trees.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "analysis/studies/baselines.h"
#include "analysis/studies/counter_rng.h"

namespace moetap {
namespace {

constexpr uint32_t kMostPairs = 3000;

using Sizes = std::array<double, kPlantedK + 1>;

// Draws one after the other from a stream.
class Numbers {
 public:
  Numbers(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}

  double Uniform() {  // in (0, 1)
    const uint64_t bits = Draw(seed_, stream_, next_++) >> 11;
    return (static_cast<double>(bits) + 0.5) * 0x1p-53;
  }
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t next_ = 0;
};

// Probabilities of the intersection sizes of one pair.
Sizes SizeDistribution(double logit) {
  const double odds = std::exp(logit);
  Sizes sizes;
  sizes[0] = std::pow(1 + odds, -static_cast<double>(kPlantedK));
  for (uint32_t i = 0; i < kPlantedK; ++i) {
    sizes[i + 1] = sizes[i] * odds * (kPlantedK - i) / (i + 1);
  }
  return sizes;
}

double MeanJaccard(double logit) {
  const Sizes sizes = SizeDistribution(logit);
  double mean = 0;
  for (uint32_t i = 0; i <= kPlantedK; ++i) {
    mean += sizes[i] * Jaccard(kPlantedK, i);
  }
  return mean;
}

double LogFactorial(uint32_t n) {
  static const std::vector<double> table = [] {
    std::vector<double> logs(kMostPairs + 1, 0);
    for (uint32_t i = 1; i <= kMostPairs; ++i) {
      logs[i] = logs[i - 1] + std::log(i);
    }
    return logs;
  }();
  return table[n];
}

// Inversion of the distribution with values in order of their distance from
// the mode, which takes few steps for large n too.
uint32_t Binomial(uint32_t n, double p, double uniform) {
  if (n == 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const auto mode = std::min(n, static_cast<uint32_t>((n + 1) * p));
  const double odds = p / (1 - p);
  double above =
      std::exp(LogFactorial(n) - LogFactorial(mode) - LogFactorial(n - mode) +
               mode * std::log(p) + (n - mode) * std::log1p(-p));
  double below = above;
  uniform -= above;
  for (uint32_t step = 1; uniform >= 0 && step <= n; ++step) {
    if (mode + step <= n) {
      above *= odds * (n - mode - step + 1) / (mode + step);
      uniform -= above;
      if (uniform < 0) return mode + step;
    }
    if (step <= mode) {
      below *= (mode - step + 1) / (odds * (n - mode + step));
      uniform -= below;
      if (uniform < 0) return mode - step;
    }
  }
  return mode;
}

RatioSum DrawPairs(uint32_t pairs, double logit, Numbers* numbers) {
  const Sizes sizes = SizeDistribution(logit);
  RatioSum sum{0, pairs};
  double rest = 1;
  uint32_t left = pairs;
  for (uint32_t i = 0; i <= kPlantedK && left > 0; ++i) {
    const uint32_t drawn =
        i == kPlantedK ? left
                       : Binomial(left, sizes[i] / rest, numbers->Uniform());
    sum.sum += drawn * Jaccard(kPlantedK, i);
    rest -= sizes[i];
    left -= drawn;
  }
  return sum;
}

// The quantile of the number of pairs.
uint32_t PairsAt(const PlantedSetting& setting, double place) {
  const double tail = setting.tail;
  const double ratio = setting.most / setting.least;
  const double scale =
      tail == 0 ? std::pow(ratio, place)
                : std::pow(1 - place * (1 - std::pow(ratio, -tail)), -1 / tail);
  return static_cast<uint32_t>(std::lround(setting.least * scale));
}

// What a tree's size adds to its effect: unit variance.
double SizeEffect(double place) { return std::sqrt(12.0) * (place - 0.5); }

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

const std::vector<PlantedSetting>& PlantedSettings() {
  static const std::vector<PlantedSetting> settings = {
      {"equal", 300, 300, 0, 0},       {"narrow", 150, 600, 0, 0},
      {"wide", 30, kMostPairs, 0, 0},  {"linked", 30, kMostPairs, 0, -0.4},
      {"heavy", 30, kMostPairs, 1, 0},
  };
  return settings;
}

PlantedClass::PlantedClass(const PlantedSetting& setting,
                           const std::vector<double>& curve)
    : setting_(setting), curve_(curve) {
  for (const double value : curve) {
    double low = -12;
    double high = 12;
    for (int i = 0; i < 50; ++i) {
      const double middle = (low + high) / 2;
      (Expectation(middle, true) < value ? low : high) = middle;
    }
    mu_.push_back((low + high) / 2);
  }
}

double PlantedClass::pair_mean() const { return Mean(curve_); }

double PlantedClass::tree_mean() const {
  std::vector<double> means;
  for (const double mu : mu_) means.push_back(Expectation(mu, false));
  return Mean(means);
}

double PlantedClass::Expectation(double mu, bool weighted) const {
  constexpr int kPlaces = 64;
  const double link = setting_.link * std::sqrt(kShared);
  const double scale = std::sqrt(1 - link * link);
  double sum = 0;
  double weights = 0;
  for (int j = 0; j < kPlaces; ++j) {
    const double place = (j + 0.5) / kPlaces;
    const double pairs = weighted ? PairsAt(setting_, place) : 1;
    // The trapezoid rule, whose error for a Gaussian with steps of 1 is 1e-8.
    for (int z = -8; z <= 8; ++z) {
      const double weight = pairs * std::exp(-0.5 * z * z);
      const double effect = link * SizeEffect(place) + scale * z;
      sum += weight * MeanJaccard(mu + kEffect * effect);
      weights += weight;
    }
    if (link == 0) break;  // sizes do not matter
  }
  return sum / weights;
}

UnitSums PlantedClass::Simulate(const std::vector<double>& places,
                                uint64_t seed, uint64_t stream) const {
  Numbers numbers(seed, stream);
  const double link = setting_.link;
  UnitSums units;
  for (const double place : places) {
    const uint32_t pairs = PairsAt(setting_, place);
    const double shared = link * SizeEffect(place) +
                          std::sqrt(1 - link * link) * numbers.Normal();
    double own = numbers.Normal();
    auto& unit = units.emplace_back();
    for (const double mu : mu_) {
      const double effect =
          std::sqrt(kShared) * shared + std::sqrt(1 - kShared) * own;
      unit.push_back(DrawPairs(pairs, mu + kEffect * effect, &numbers));
      own = kNextLayer * own +
            std::sqrt(1 - kNextLayer * kNextLayer) * numbers.Normal();
    }
  }
  return units;
}

std::vector<double> PlantedPlaces(size_t trees, uint64_t seed,
                                  uint64_t stream) {
  Numbers numbers(seed, stream);
  std::vector<double> places(trees);
  for (double& place : places) place = numbers.Uniform();
  return places;
}

}  // namespace moetap
