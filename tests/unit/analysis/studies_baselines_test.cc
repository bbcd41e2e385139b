#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "analysis/studies/baselines.h"
#include "analysis/studies/conditional_poisson.h"
#include "analysis/studies/student_t.h"

namespace moetap {
namespace {

TEST(BaselinesTest, UniformExpectationOfPublishedShapes) {
  EXPECT_NEAR(UniformExpectation(256, 8), 0.0169, 5e-5);
  EXPECT_NEAR(UniformExpectation(64, 8), 0.0705, 5e-5);
  EXPECT_DOUBLE_EQ(UniformExpectation(8, 8), 1);
  EXPECT_NEAR(RatioOfExpectations(256, 8), 0.01587, 5e-6);
}

std::vector<uint32_t> Subsets(uint32_t n, int k) {
  std::vector<uint32_t> sets;
  for (uint32_t s = 0; s < uint32_t{1} << n; ++s) {
    if (std::popcount(s) == k) sets.push_back(s);
  }
  return sets;
}

TEST(BaselinesTest, UniformExpectationByEnumeration) {
  for (const uint32_t k : {1u, 3u, 5u, 6u}) {
    const auto sets = Subsets(7, static_cast<int>(k));
    double sum = 0;
    for (const uint32_t a : sets) {
      for (const uint32_t b : sets) {
        sum += Jaccard(k, static_cast<uint32_t>(std::popcount(a & b)));
      }
    }
    const auto pairs = static_cast<double>(sets.size() * sets.size());
    EXPECT_NEAR(UniformExpectation(7, k), sum / pairs, 1e-14) << k;
  }
}

// The design by its definition: every set, weighted by its odds.
std::vector<double> Weights(const std::vector<uint32_t>& sets,
                            const std::vector<double>& p) {
  std::vector<double> weights;
  double all = 0;
  for (const uint32_t set : sets) {
    double weight = 1;
    for (size_t j = 0; j < p.size(); ++j) {
      if (set >> j & 1) weight *= p[j] / (1 - p[j]);
    }
    weights.push_back(weight);
    all += weight;
  }
  for (double& weight : weights) weight /= all;
  return weights;
}

TEST(ConditionalPoissonTest, EqualsEnumeration) {
  const std::vector<double> p = {0.9, 0.5, 0.31, 0.2, 0.07, 0.02};
  const auto sets = Subsets(6, 3);
  const auto weights = Weights(sets, p);
  std::vector<double> inclusion(6, 0);
  std::vector<double> common(4, 0);
  for (size_t a = 0; a < sets.size(); ++a) {
    for (size_t j = 0; j < 6; ++j) {
      if (sets[a] >> j & 1) inclusion[j] += weights[a];
    }
    for (size_t b = 0; b < sets.size(); ++b) {
      common[std::popcount(sets[a] & sets[b])] += weights[a] * weights[b];
    }
  }
  EXPECT_THAT(InclusionProbabilities(p, 3),
              testing::Pointwise(testing::DoubleNear(1e-13), inclusion));
  EXPECT_THAT(IntersectionDistribution(p, 3),
              testing::Pointwise(testing::DoubleNear(1e-13), common));
}

TEST(ConditionalPoissonTest, FitMeetsTheInclusionProbabilities) {
  // Steep popularity over 256 experts, top-8; the largest close to 1.
  std::vector<double> inclusion;
  double sum = 0;
  for (int j = 0; j < 256; ++j) {
    inclusion.push_back(1 / (1.0 + j));
    sum += inclusion.back();
  }
  for (double& value : inclusion) value = std::min(0.97, value * 8 / sum);
  double rest = 8;
  for (const double value : inclusion) rest -= value;
  for (int j = 100; j < 200; ++j) inclusion[j] += rest / 100;
  const auto p = FitConditionalPoisson(inclusion, 8);
  ASSERT_TRUE(p);
  EXPECT_THAT(InclusionProbabilities(*p, 8),
              testing::Pointwise(testing::DoubleNear(1e-9), inclusion));
}

// The error of the first steps rises.
TEST(ConditionalPoissonTest, FitsWhereWholeStepsOvershoot) {
  std::vector<double> inclusion;
  for (const double count : {37, 270, 28, 248, 16, 45, 280}) {
    inclusion.push_back(count / 308);
  }
  const auto p = FitConditionalPoisson(inclusion, 3);
  ASSERT_TRUE(p);
  EXPECT_THAT(InclusionProbabilities(*p, 3),
              testing::Pointwise(testing::DoubleNear(1e-9), inclusion));
}

TEST(ConditionalPoissonTest, FitsSkewedDesigns) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i) {
    const size_t items = 2 + random() % (i % 10 == 0 ? 200 : 30);
    const auto k =
        static_cast<uint32_t>(1 + random() % std::min<size_t>(items - 1, 10));
    std::normal_distribution<double> log_odds(0, 0.01 * i);
    std::vector<double> p(items);
    for (double& one : p) one = 1 / (1 + std::exp(log_odds(random)));
    const auto inclusion = InclusionProbabilities(p, k);
    const auto fitted = FitConditionalPoisson(inclusion, k);
    ASSERT_TRUE(fitted) << i;
    EXPECT_THAT(InclusionProbabilities(*fitted, k),
                testing::Pointwise(testing::DoubleNear(1e-9), inclusion))
        << i;
  }
}

TEST(ConditionalPoissonTest, AgreesWithSimulation) {
  const std::vector<uint64_t> counts = {90, 70, 60, 30, 20, 15, 10, 5};
  const uint64_t rows = 100;  // k = 3
  std::vector<double> inclusion;
  for (const uint64_t count : counts) {
    inclusion.push_back(static_cast<double>(count) / rows);
  }
  const auto p = FitConditionalPoisson(inclusion, 3);
  ASSERT_TRUE(p);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform;
  const auto draw = [&] {
    for (;;) {
      uint32_t set = 0;
      for (size_t j = 0; j < p->size(); ++j) {
        set |= uint32_t{uniform(random) < (*p)[j]} << j;
      }
      if (std::popcount(set) == 3) return set;
    }
  };
  double sum = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    sum += Jaccard(3, static_cast<uint32_t>(std::popcount(draw() & draw())));
  }
  // The deviation of one draw is below 0.5: five standard errors.
  EXPECT_NEAR(*PopularityExpectation(counts, rows, 3), sum / kDraws,
              5 * 0.5 / std::sqrt(kDraws));
}

TEST(BaselinesTest, EvenPopularityIsUniform) {
  const std::vector<uint64_t> counts(64, 125);  // 1,000 rows, k = 8
  EXPECT_NEAR(*PopularityExpectation(counts, 1000, 8),
              UniformExpectation(64, 8), 1e-12);
}

TEST(BaselinesTest, ExpertsInEverySetNeedNoDraw) {
  // Expert 0 always, expert 1 or 2 half the time: J is 1 or 1/3.
  const std::vector<uint64_t> counts = {10, 5, 5, 0};
  EXPECT_NEAR(*PopularityExpectation(counts, 10, 2), 2.0 / 3, 1e-12);
  const std::vector<uint64_t> constant = {10, 10, 0};
  EXPECT_DOUBLE_EQ(*PopularityExpectation(constant, 10, 2), 1);
  EXPECT_FALSE(PopularityExpectation(constant, 0, 2));
}

TEST(StudentTTest, TableValues) {
  EXPECT_NEAR(StudentT(0.025, 1), 12.706204736, 1e-8);
  EXPECT_NEAR(StudentT(0.025, 9), 2.262157163, 1e-8);
  EXPECT_NEAR(StudentT(0.025, 29), 2.045229642, 1e-8);
  EXPECT_NEAR(StudentT(0.025, 1000), 1.962339081, 1e-8);
}

}  // namespace
}  // namespace moetap
