#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/intervals.h"
#include "analysis/studies/student_t.h"

namespace moetap {
namespace {

// Ratios 1/2, 3/4 and 1.
const std::vector<RatioSum> kUnits = {{1, 2}, {3, 4}, {2, 2}};
const RatioSum kTotal{6, 8};

TEST(CounterRngTest, ValuesOfAnIndependentProgram) {
  EXPECT_EQ(Draw(0, 0, 0), 0x238275bc38fcbe91u);
  EXPECT_EQ(Draw(1, 1, 0), 0xd5159b73432a2795u);
  EXPECT_EQ(Draw(~uint64_t{0}, 5, uint64_t{1} << 40), 0x862e82e299140f7fu);
}

TEST(CounterRngTest, BelowIsEven) {
  constexpr uint64_t kValues = 7;
  constexpr uint64_t kDraws = 70000;
  std::vector<int> counts(kValues, 0);
  for (uint64_t i = 0; i < kDraws; ++i) ++counts.at(Below(3, 9, i, kValues));
  // Five deviations of a binomial with mean 10,000.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * 92.6);
  EXPECT_EQ(Below(3, 9, 0, 1), 0u);
}

TEST(StudentTTest, ValuesOfScipy) {
  EXPECT_NEAR(StudentT(0.05, 1), 6.313751514675, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 2), 2.919985580354, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 9), 1.833112932656, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 19), 1.729132811521, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 1000), 1.646378817285, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 1), 12.706204736175, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 2), 4.302652729749, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 39), 2.022690920037, 1e-11);
}

TEST(StudentTTest, DegreesOfFreedomNeedNotBeWhole) {
  EXPECT_NEAR(StudentT(0.025, 1.01), 12.412738499103, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 1.5), 6.016663104428, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 2.7), 2.463888936271, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 3.9), 2.804748011386, 1e-11);
  EXPECT_NEAR(StudentT(0.025, 17.37), 2.106397301829, 1e-11);
  EXPECT_NEAR(StudentT(0.05, 123.4), 1.657295627532, 1e-11);
}

TEST(IntervalsTest, EffectiveUnits) {
  EXPECT_EQ(EffectiveUnits({}), 0);
  EXPECT_EQ(EffectiveUnits(std::vector<RatioSum>{{0, 0}}), 0);
  EXPECT_EQ(EffectiveUnits(std::vector<RatioSum>{{1, 7}, {0, 0}, {2, 7}}), 2);
  EXPECT_DOUBLE_EQ(EffectiveUnits(kUnits), 64.0 / 24);
}

TEST(IntervalsTest, Means) {
  EXPECT_FALSE(Ratio({0, 0}));
  EXPECT_DOUBLE_EQ(*Ratio(kTotal), 0.75);
  EXPECT_DOUBLE_EQ(*MeanOfRatios(kUnits), 0.75);
  EXPECT_DOUBLE_EQ(*MeanOfRatios(std::vector<RatioSum>{{0, 0}, {1, 4}}), 0.25);
  EXPECT_FALSE(MeanOfRatios(std::vector<RatioSum>{{0, 0}}));
}

TEST(IntervalsTest, JackknifeOfAnyStatistic) {
  // Around their mean 5 the values deviate by -1, 0 and 1.
  const std::vector<double> without = {4, 5, 6};
  const JackknifeResult result = JackknifeStatistic(7, without, 2.5).value();
  const double error = std::sqrt(2.0 / 3 * 2);
  EXPECT_DOUBLE_EQ(result.estimate, 7);
  EXPECT_DOUBLE_EQ(result.error, error);
  EXPECT_NEAR(result.lo, 7 - 6.016663104428 * error, 1e-10);
  EXPECT_NEAR(result.hi, 7 + 6.016663104428 * error, 1e-10);
  EXPECT_NEAR(result.lower, 7 - 3.705180820097 * error, 1e-10);
  EXPECT_NEAR(result.upper, 7 + 3.705180820097 * error, 1e-10);
  EXPECT_TRUE(JackknifeStatistic(7, without, 2));
  EXPECT_FALSE(JackknifeStatistic(7, without, 1.99));
}

TEST(IntervalsTest, JackknifeOfThePooledRatio) {
  // Without one unit: 5/6, 3/4 and 2/3, which deviate by 1/12, 0 and -1/12.
  const Interval interval = JackknifeRatio(kTotal, kUnits, 3);
  // 64/24 effective units.
  const double reach = 5.242265130584 * std::sqrt(1.0 / 108);
  EXPECT_EQ(interval.units, 3u);
  EXPECT_DOUBLE_EQ(interval.effective, 64.0 / 24);
  EXPECT_NEAR(interval.lo.value(), 0.75 - reach, 1e-10);
  EXPECT_NEAR(interval.hi.value(), 0.75 + reach, 1e-10);
}

TEST(IntervalsTest, JackknifeOfTheMeanIsTheTInterval) {
  const Interval interval = JackknifeMean(kUnits, 3);
  const double reach = 4.302652729749 * 0.25 / std::sqrt(3.0);
  EXPECT_EQ(interval.effective, 3);
  EXPECT_NEAR(interval.lo.value(), 0.75 - reach, 1e-10);
  EXPECT_NEAR(interval.hi.value(), 0.75 + reach, 1e-10);
}

TEST(IntervalsTest, UnitsWithoutPairsDoNotCount) {
  std::vector<RatioSum> units = kUnits;
  units.insert(units.begin(), {0, 0});
  const Interval all = JackknifeRatio(kTotal, units, 3);
  EXPECT_EQ(all.units, 3u);
  EXPECT_EQ(all.lo, JackknifeRatio(kTotal, kUnits, 3).lo);
  EXPECT_FALSE(JackknifeRatio(kTotal, units, 4).lo);
  EXPECT_FALSE(JackknifeMean(units, 4).hi);
}

TEST(IntervalsTest, NoBoundsIfAClassVanishesWithOneUnit) {
  // Sequences overlap: without the first, nothing is left of the pairs.
  const std::vector<RatioSum> units = {{4, 8}, {2, 4}, {2, 4}};
  const Interval interval = JackknifeRatio({4, 8}, units, 2);
  EXPECT_EQ(interval.units, 3u);
  EXPECT_FALSE(interval.lo);
  EXPECT_FALSE(interval.hi);
  EXPECT_FALSE(JackknifeMean(std::vector<RatioSum>{{4, 8}}, 1).lo);
  EXPECT_FALSE(JackknifeRatio({0, 0}, {}, 0).lo);
}

TEST(IntervalsTest, NoBoundsIfOneUnitHasNearlyAllPairs) {
  std::vector<RatioSum> units(20, {1, 2});
  units[0] = {1000, 2000};
  units[1] = {2, 2};
  const Interval interval = JackknifeRatio({1020, 2038}, units, 10);
  EXPECT_EQ(interval.units, 20u);
  EXPECT_LT(interval.effective, 2);
  EXPECT_FALSE(interval.lo);
  const ResampleTable table = BootstrapIndices(20, 10, 1);
  EXPECT_FALSE(BootstrapRatio(units, table));
  EXPECT_TRUE(BootstrapMean(units, table));
}

TEST(BootstrapTest, IndicesAreThoseOfTheGenerator) {
  const ResampleTable table = BootstrapIndices(20, 3, 7);
  EXPECT_EQ(table.replicates(), 3u);
  EXPECT_THAT(table.replicate(0),
              testing::ElementsAre(19, 12, 9, 12, 6, 6, 2, 10, 14, 0, 19, 12,
                                   10, 12, 19, 8, 16, 19, 8, 13));
  EXPECT_EQ(table.replicate(2)[5], Below(7, kStreamBootstrap, 45, 20));
}

// Unit g has g of 100, and the last none; replicate r takes `picks[r]` only.
std::optional<BootstrapInterval> Bootstrap(const std::vector<uint32_t>& picks,
                                           uint32_t units) {
  std::vector<RatioSum> sums;
  for (uint32_t g = 0; g + 1 < units; ++g) sums.push_back({1.0 * g, 100});
  sums.push_back({0, 0});
  ResampleTable table;
  table.units = units;
  for (const uint32_t pick : picks) {
    table.indices.insert(table.indices.end(), units, pick);
  }
  const auto mean = BootstrapMean(sums, table);
  const auto ratio = BootstrapRatio(sums, table);
  EXPECT_EQ(mean.has_value(), ratio.has_value());
  if (mean) {
    EXPECT_NEAR(mean->lo, ratio->lo, 1e-15);
  }
  return ratio;
}

TEST(BootstrapTest, QuantilesAreInterpolated) {
  // Sorted 0.02, 0.04, 0.10: at places 2p and 2 - 2p.
  constexpr double p = 0.015880829920348;  // of scipy, for 20 units
  const auto result = Bootstrap({4, 10, 2}, 21);
  EXPECT_NEAR(result.value().lo, 0.02 + 2 * p * 0.02, 1e-12);
  EXPECT_NEAR(result->hi, 0.10 - 2 * p * 0.06, 1e-12);
  EXPECT_EQ(result->replicates, 3u);
  EXPECT_EQ(result->skipped, 0u);
}

TEST(BootstrapTest, ReplicatesWithoutPairsAreSkippedAndCounted) {
  const auto result = Bootstrap({20, 3, 20}, 21);
  EXPECT_NEAR(result.value().lo, 0.03, 1e-15);
  EXPECT_EQ(result->replicates, 1u);
  EXPECT_EQ(result->skipped, 2u);
  EXPECT_FALSE(Bootstrap({20}, 21));
}

TEST(BootstrapTest, NeedsTwentyUnitsWithPairs) {
  EXPECT_TRUE(Bootstrap({1, 2}, 21));
  EXPECT_FALSE(Bootstrap({1, 2}, 20));
}

TEST(BootstrapTest, PooledRatioWeighsUnitsByTheirPairs) {
  std::vector<RatioSum> units(20, {0, 1});
  units[0] = {30, 30};  // 2.6 effective units
  ResampleTable table{20, std::vector<uint32_t>(20, 1)};
  table.indices[0] = 0;
  EXPECT_DOUBLE_EQ(BootstrapRatio(units, table)->lo, 30.0 / 49);
  EXPECT_DOUBLE_EQ(BootstrapMean(units, table)->lo, 1.0 / 20);
}

}  // namespace
}  // namespace moetap
