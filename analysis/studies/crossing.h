// The crossing pattern: over the layers, the curve of equal tokens dips and
// that of different tokens peaks in a band that is fixed beforehand, and the
// curves stay apart.  docs/studies.md has the definition.
#ifndef MOETAP_ANALYSIS_STUDIES_CROSSING_H_
#define MOETAP_ANALYSIS_STUDIES_CROSSING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/studies/intervals.h"

namespace moetap {

// Depths l / (L - 1) of the L MoE layers in forward order, both ends included.
struct Band {
  double from = 0;
  double to = 1;
};

// "FROM:TO", 0 <= FROM <= TO <= 1.  Nothing if it is none.
std::optional<Band> ParseBand(const std::string& text);

// Indices of the layers in a band, both included.
struct BandLayers {
  size_t first = 0;
  size_t last = 0;
};

// Without `band`: [0.35, 0.52] from 24 layers on and the middle third from 6
// on.  Nothing with fewer layers than that, or if no layer is in the band, or
// if none is left on one side of it.
std::optional<BandLayers> FindBand(size_t layers, std::optional<Band> band);

// Sums by layer in forward order, of all pairs and of those that vanish with
// each unit.  All have the same number of layers, and both classes the same
// units.
struct CrossingInput {
  std::vector<RatioSum> same_total;
  std::vector<RatioSum> different_total;
  std::vector<std::vector<RatioSum>> same_units;  // [unit][layer]
  std::vector<std::vector<RatioSum>> different_units;
};

enum class Verdict : uint8_t { kNotGiven, kFound, kAbsent, kUndecided };
const char* VerdictName(Verdict verdict);  // "" for kNotGiven

// A difference of Jaccard indices.  Found: the one-sided lower bound is above
// 0; absent: the upper one is below 0.
struct CrossingStatistic {
  const char* name = "";
  double estimate = 0;
  std::optional<double> lo;  // two-sided 95 %; all four or none
  std::optional<double> hi;
  std::optional<double> lower;  // one-sided 95 % each
  std::optional<double> upper;
  Verdict verdict = Verdict::kNotGiven;
};

// Found: all statistics are; absent: one is; else undecided.
struct Crossing {
  std::string reason;  // a code of reasons.h: not computable; else ""
  BandLayers band;
  std::vector<CrossingStatistic> statistics;  // dip, peak, gap
  Verdict verdict = Verdict::kNotGiven;
  uint64_t units = 0;      // with pairs of either class
  double effective = 0;    // least EffectiveUnits of a layer and class
  size_t argmin_same = 0;  // the first such layer; descriptive
  size_t argmax_different = 0;
};

// Bounds are those of JackknifeStatistic over the units with pairs.  No bounds
// and verdicts if some layer has pairs of a class in fewer than `least_units`
// units or kLeastEffectiveUnits effective ones, or none without one unit.
Crossing FindCrossing(const CrossingInput& input, std::optional<Band> band,
                      uint64_t least_units);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_CROSSING_H_
