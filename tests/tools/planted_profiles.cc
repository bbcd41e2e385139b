#include "tests/tools/planted_profiles.h"

#include <cmath>

namespace moetap {
namespace {

// The middle of the published L14-20 of 40 layers, and a width with which the
// curves are back at their level outside.
constexpr double kCentre = 17.0 / 39;
constexpr double kWidth = 0.1;
// Mean of the bump over the depths: width * sqrt(2 pi).
constexpr double kBumpMean = kWidth * 2.5066282746310002;
// The peak has the published height.  How deep the dip is was not published:
// we take the same size.
constexpr double kSize = (kPlantedPeak - kPlantedDifferent) / (1 - kBumpMean);
constexpr double kSlope = 0.1;

double BumpAt(double depth, double centre) {
  const double z = (depth - centre) / kWidth;
  return std::exp(-0.5 * z * z) - kBumpMean;
}
double Bump(double depth) { return kSize * BumpAt(depth, kCentre); }
double LateBump(double depth) { return kSize * BumpAt(depth, 0.85); }
// Convex falls and their mean 0, from 3/4 to -1/4 of twice the slope.
double Convex(double depth) {
  return 2 * kSlope * (std::pow(1 - depth, 3) - 0.25);
}
double Concave(double depth) { return -Convex(1 - depth); }
double Linear(double depth) { return kSlope * (1 - 2 * depth); }
// High at the start and level from the band on: there is no dip in the band,
// but nothing is between it and one.
double Plateau(double depth) {
  return depth < 0.3 ? kSlope * (1 - depth / 0.3) : 0;
}

}  // namespace

const std::vector<PlantedProfile>& PlantedProfiles() {
  constexpr double kS = kPlantedSame;
  constexpr double kD = kPlantedDifferent;
  static const std::vector<PlantedProfile> profiles = {
      {"published", [](double x) { return kS - Bump(x); },
       [](double x) { return kD + Bump(x); }},
      {"flat", [](double) { return kS; }, [](double) { return kD; }},
      {"falling-rising", [](double x) { return kS + Linear(x); },
       [](double x) { return kD - Linear(x); }},
      {"rising-falling", [](double x) { return kS - Linear(x); },
       [](double x) { return kD + Linear(x); }},
      {"convex-fall-concave-rise", [](double x) { return kS + Convex(x); },
       [](double x) { return kD - Convex(x) / 2; }},
      {"convex-rise-concave-fall", [](double x) { return kS + Convex(1 - x); },
       [](double x) { return kD + Concave(x) / 2; }},
      {"concave-fall-convex-rise", [](double x) { return kS + Concave(x); },
       [](double x) { return kD + Convex(1 - x) / 2; }},
      {"hump-and-trough", [](double x) { return kS + Bump(x); },
       [](double x) { return kD - Bump(x); }},
      {"late", [](double x) { return kS - LateBump(x); },
       [](double x) { return kD + LateBump(x); }},
      {"plateau-same", [](double x) { return kS + Plateau(x); },
       [](double x) { return kD + Bump(x); }},
      {"plateau-different", [](double x) { return kS - Bump(x); },
       [](double x) { return kD - Plateau(x); }},
      // The curves meet in a layer of 40; of other numbers of layers, none may
      // lie there, and then the gap is above 0.
      {"meeting", [](double x) { return 0.4 - 1.5 * Bump(x); },
       [](double x) {
         return 0.4 + 1.5 * Bump(x) - 3 * kSize * (1 - kBumpMean);
       }},
  };
  return profiles;
}

std::vector<double> PlantedCurve(ProfileShape shape, size_t layers) {
  std::vector<double> curve;
  for (size_t l = 0; l < layers; ++l) {
    curve.push_back(
        shape(static_cast<double>(l) / static_cast<double>(layers - 1)));
  }
  return curve;
}

}  // namespace moetap
