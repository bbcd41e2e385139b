// Pairs of curves over the layers that the crossing pattern is tried on.
#ifndef MOETAP_TESTS_TOOLS_PLANTED_PROFILES_H_
#define MOETAP_TESTS_TOOLS_PLANTED_PROFILES_H_

#include <string>
#include <vector>

namespace moetap {

// Published means over the layers, and the published height of the peak of
// different tokens: 14 times k / (2n - k) for 256 experts and top-8.
inline constexpr double kPlantedSame = 0.649;
inline constexpr double kPlantedDifferent = 0.175;
inline constexpr double kPlantedPeak = 14 * 8 / 504.0;

// Of a layer at `depth` in [0, 1].
using ProfileShape = double (*)(double depth);

struct PlantedProfile {
  const char* name;
  ProfileShape same;
  ProfileShape different;
};
const std::vector<PlantedProfile>& PlantedProfiles();

std::vector<double> PlantedCurve(ProfileShape shape, size_t layers);

}  // namespace moetap

#endif  // MOETAP_TESTS_TOOLS_PLANTED_PROFILES_H_
