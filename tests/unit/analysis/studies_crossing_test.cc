#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "analysis/studies/crossing.h"
#include "analysis/studies/reasons.h"
#include "analysis/studies/student_t.h"

namespace moetap {
namespace {

using Curve = std::vector<double>;

// Layers 2 and 3 are the middle third: dip, peak and gap are 0.1, 0.1 and 0.2.
const Curve kSame = {0.7, 0.7, 0.5, 0.5, 0.6, 0.6};
const Curve kDifferent = {0.1, 0.1, 0.3, 0.3, 0.2, 0.2};

// One unit with 10 pairs in each layer.
void AddUnit(const Curve& same, const Curve& different, CrossingInput* input) {
  const auto add = [](const Curve& curve, std::vector<RatioSum>* total,
                      std::vector<std::vector<RatioSum>>* units) {
    total->resize(curve.size());
    auto& unit = units->emplace_back();
    for (size_t l = 0; l < curve.size(); ++l) {
      unit.push_back({10 * curve[l], 10});
      (*total)[l].Add(unit.back());
    }
  };
  add(same, &input->same_total, &input->same_units);
  add(different, &input->different_total, &input->different_units);
}

// Unit g's band is lower by shift[g] in the curve of equal tokens.
CrossingInput Shifted(const std::vector<double>& shift,
                      const Curve& same = kSame,
                      const Curve& different = kDifferent) {
  CrossingInput input;
  for (const double value : shift) {
    Curve curve = same;
    curve[2] -= value;
    curve[3] -= value;
    AddUnit(curve, different, &input);
  }
  return input;
}

std::vector<double> Alternating(size_t units, double size) {
  std::vector<double> shift;
  for (size_t g = 0; g < units; ++g) shift.push_back(g % 2 ? size : -size);
  return shift;
}

TEST(BandTest, DefaultsAreExact) {
  for (size_t layers = 6; layers < 300; ++layers) {
    size_t first = layers;
    size_t last = 0;
    for (size_t l = 0; l < layers; ++l) {
      const size_t end = layers - 1;
      const bool in = layers < 24 ? 3 * l >= end && 3 * l <= 2 * end
                                  : 100 * l >= 35 * end && 100 * l <= 52 * end;
      if (!in) continue;
      first = std::min(first, l);
      last = l;
    }
    const auto band = FindBand(layers, std::nullopt);
    ASSERT_TRUE(band) << layers;
    EXPECT_EQ(band->first, first) << layers;
    EXPECT_EQ(band->last, last) << layers;
  }
  EXPECT_FALSE(FindBand(5, std::nullopt));
  EXPECT_FALSE(FindBand(0, std::nullopt));
}

TEST(BandTest, OfThePublishedModel) {
  const auto band = FindBand(40, std::nullopt);
  EXPECT_EQ(band->first, 14u);
  EXPECT_EQ(band->last, 20u);
}

TEST(BandTest, ChosenByTheUser) {
  const auto band = FindBand(11, Band{0.3, 0.7});
  EXPECT_EQ(band->first, 3u);
  EXPECT_EQ(band->last, 7u);
  EXPECT_TRUE(FindBand(3, Band{0.5, 0.5}));
  EXPECT_FALSE(FindBand(11, Band{0, 0.5}));      // no layer left of it
  EXPECT_FALSE(FindBand(11, Band{0.5, 1}));      // none right of it
  EXPECT_FALSE(FindBand(11, Band{0.41, 0.49}));  // none inside
  EXPECT_FALSE(FindBand(1, Band{0, 1}));
}

TEST(BandTest, Text) {
  const auto band = ParseBand("0.35:.52");
  ASSERT_TRUE(band);
  EXPECT_EQ(band->from, 0.35);
  EXPECT_EQ(band->to, 0.52);
  EXPECT_TRUE(ParseBand("0:1"));
  for (const char* text :
       {"", "0.3", "0.3:", ":0.5", "0.5:0.3", "-0.1:0.5", "0.5:1.1", "0.3:0.5x",
        "0.3:0.4:0.5", "nan:0.5", "0.3:nan", "0.3: 0.5", "a:b"}) {
    EXPECT_FALSE(ParseBand(text)) << text;
  }
}

TEST(CrossingTest, StatisticsOfTheDefinition) {
  const Crossing crossing = FindCrossing(Shifted({0}), std::nullopt, 10);
  EXPECT_EQ(crossing.reason, "");
  EXPECT_EQ(crossing.units, 1u);
  EXPECT_EQ(crossing.band.first, 2u);
  EXPECT_EQ(crossing.band.last, 3u);
  ASSERT_EQ(crossing.statistics.size(), 3u);
  EXPECT_STREQ(crossing.statistics[0].name, "dip");
  EXPECT_NEAR(crossing.statistics[0].estimate, 0.1, 1e-15);
  EXPECT_STREQ(crossing.statistics[1].name, "peak");
  EXPECT_NEAR(crossing.statistics[1].estimate, 0.1, 1e-15);
  EXPECT_STREQ(crossing.statistics[2].name, "gap");
  EXPECT_NEAR(crossing.statistics[2].estimate, 0.2, 1e-15);
  EXPECT_EQ(crossing.argmin_same, 2u);
  EXPECT_EQ(crossing.argmax_different, 2u);
}

TEST(CrossingTest, FewUnitsHaveNoBoundsAndNoVerdict) {
  const auto input = Shifted(Alternating(9, 0.01));
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  EXPECT_EQ(crossing.units, 9u);
  EXPECT_EQ(crossing.verdict, Verdict::kNotGiven);
  for (const CrossingStatistic& one : crossing.statistics) {
    EXPECT_FALSE(one.lower || one.upper || one.lo || one.hi);
    EXPECT_EQ(one.verdict, Verdict::kNotGiven);
  }
}

TEST(CrossingTest, BoundsAreThoseOfTheUnitsMean) {
  // With equal counts the dip is the mean of the units' dips, as long as the
  // right side stays the lower one: the jackknife is the t interval.
  const auto input = Shifted(Alternating(10, 0.03));
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  const double error = 0.03 * std::sqrt(10.0 / 9) / std::sqrt(10.0);
  const CrossingStatistic& dip = crossing.statistics[0];
  EXPECT_NEAR(dip.lower.value(), 0.1 - StudentT(0.05, 9) * error, 1e-12);
  EXPECT_NEAR(dip.upper.value(), 0.1 + StudentT(0.05, 9) * error, 1e-12);
  EXPECT_NEAR(dip.lo.value(), 0.1 - StudentT(0.025, 9) * error, 1e-12);
  EXPECT_NEAR(dip.hi.value(), 0.1 + StudentT(0.025, 9) * error, 1e-12);
  EXPECT_EQ(dip.verdict, Verdict::kFound);
  EXPECT_EQ(crossing.verdict, Verdict::kFound);
}

TEST(CrossingTest, UndecidedIfOneIs) {
  const auto input = Shifted(Alternating(10, 0.3));
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  EXPECT_EQ(crossing.statistics[0].verdict, Verdict::kUndecided);
  EXPECT_EQ(crossing.statistics[1].verdict, Verdict::kFound);
  EXPECT_EQ(crossing.verdict, Verdict::kUndecided);
}

TEST(CrossingTest, AbsentIfOneIs) {
  // A falling convex curve lies below the left side's mean, but not below the
  // right side's.
  const Curve convex = {0.9, 0.7, 0.55, 0.45, 0.4, 0.38};
  const auto input = Shifted(Alternating(10, 0.01), convex);
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  EXPECT_NEAR(crossing.statistics[0].estimate, 0.39 - 0.5, 1e-12);
  EXPECT_EQ(crossing.statistics[0].verdict, Verdict::kAbsent);
  EXPECT_EQ(crossing.statistics[1].verdict, Verdict::kFound);
  EXPECT_EQ(crossing.verdict, Verdict::kAbsent);
}

TEST(CrossingTest, CurvesThatMeetHaveNoGap) {
  const Curve different = {0.1, 0.1, 0.55, 0.3, 0.2, 0.2};
  const auto input = Shifted(Alternating(10, 0.01), kSame, different);
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  EXPECT_NEAR(crossing.statistics[2].estimate, -0.05, 1e-12);
  EXPECT_EQ(crossing.statistics[2].verdict, Verdict::kAbsent);
  EXPECT_EQ(crossing.argmax_different, 2u);
}

TEST(CrossingTest, UnitsWithoutPairsDoNotCount) {
  CrossingInput input = Shifted(Alternating(10, 0.03));
  const auto full = FindCrossing(input, std::nullopt, 10);
  input.same_units.emplace_back(6);
  input.different_units.emplace_back(6);
  const auto more = FindCrossing(input, std::nullopt, 10);
  EXPECT_EQ(more.units, 10u);
  EXPECT_EQ(more.statistics[0].lower, full.statistics[0].lower);
}

// Of ten units, the first has `times` the pairs of others in one layer.
Crossing CrossingOfUneven(uint64_t times) {
  CrossingInput input = Shifted(Alternating(10, 0.03));
  RatioSum& large = input.different_units[0][4];
  RatioSum& total = input.different_total[4];
  total = total.Without(large);
  large = {static_cast<double>(times) * large.sum, times * large.count};
  total.Add(large);
  return FindCrossing(input, std::nullopt, 10);
}

TEST(CrossingTest, DegreesOfFreedomOfTheLeastEvenLayer) {
  const Crossing crossing = CrossingOfUneven(10);
  const double effective = 19.0 * 19 / 109;
  const double error = 0.03 * std::sqrt(10.0 / 9) / std::sqrt(10.0);
  EXPECT_EQ(crossing.units, 10u);
  EXPECT_DOUBLE_EQ(crossing.effective, effective);
  EXPECT_NEAR(crossing.statistics[0].lower.value(),
              0.1 - StudentT(0.05, effective - 1) * error, 1e-12);
}

TEST(CrossingTest, NoBoundsIfALayerIsTooUneven) {
  const Crossing crossing = CrossingOfUneven(100);
  EXPECT_LT(crossing.effective, 2);
  EXPECT_FALSE(crossing.statistics[0].lower);
  EXPECT_EQ(crossing.verdict, Verdict::kNotGiven);
}

TEST(CrossingTest, EveryLayerNeedsTheUnits) {
  // Unit 0 has no pairs of equal tokens in layer 4.
  CrossingInput input = Shifted(Alternating(10, 0.01));
  RatioSum& missing = input.same_units[0][4];
  input.same_total[4] = input.same_total[4].Without(missing);
  missing = {};
  const Crossing crossing = FindCrossing(input, std::nullopt, 10);
  EXPECT_EQ(crossing.units, 10u);
  EXPECT_FALSE(crossing.statistics[0].lower);
  EXPECT_EQ(crossing.verdict, Verdict::kNotGiven);
  EXPECT_TRUE(FindCrossing(input, std::nullopt, 9).statistics[0].lower);
}

TEST(CrossingTest, NotComputable) {
  CrossingInput five;
  AddUnit(Curve(5, 0.5), Curve(5, 0.1), &five);
  EXPECT_EQ(FindCrossing(five, std::nullopt, 10).reason, "few-layers");
  EXPECT_EQ(FindCrossing(five, Band{0.25, 0.75}, 10).reason, "");
  EXPECT_EQ(FindCrossing(five, Band{0, 0.75}, 10).reason, "few-layers");
  CrossingInput input = Shifted({0});
  input.different_total[1] = {};
  EXPECT_EQ(FindCrossing(input, std::nullopt, 10).reason, "no-class");
  EXPECT_TRUE(FindCrossing(input, std::nullopt, 10).statistics.empty());
  EXPECT_NO_THROW(FindReason("few-layers"));
  EXPECT_NO_THROW(FindReason("no-class"));
}

TEST(CrossingTest, Names) {
  EXPECT_STREQ(VerdictName(Verdict::kNotGiven), "");
  EXPECT_STREQ(VerdictName(Verdict::kFound), "found");
  EXPECT_STREQ(VerdictName(Verdict::kAbsent), "absent");
  EXPECT_STREQ(VerdictName(Verdict::kUndecided), "undecided");
}

}  // namespace
}  // namespace moetap
