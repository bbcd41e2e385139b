#include "analysis/studies/crossing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <span>

namespace moetap {
namespace {

constexpr size_t kLeastLayers = 6;
constexpr size_t kManyLayers = 24;
constexpr Band kBand{0.35, 0.52};  // from kManyLayers on
constexpr Band kMiddleThird{1.0 / 3, 2.0 / 3};

constexpr std::array<const char*, 3> kNames = {"dip", "peak", "gap"};
using Statistics = std::array<double, kNames.size()>;

using Curve = std::vector<double>;
struct Curves {
  Curve same;
  Curve different;
};

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

// Means of a curve over the layers before, in and after the band.
struct Parts {
  double left;
  double middle;
  double right;
};
Parts Split(std::span<const double> curve, const BandLayers& band) {
  const size_t end = band.last + 1;
  return {Mean(curve.first(band.first)),
          Mean(curve.subspan(band.first, end - band.first)),
          Mean(curve.subspan(end))};
}

Statistics Compute(const Curves& curves, const BandLayers& band) {
  const Parts same = Split(curves.same, band);
  const Parts different = Split(curves.different, band);
  Curve gaps;
  for (size_t l = 0; l < curves.same.size(); ++l) {
    gaps.push_back(curves.same[l] - curves.different[l]);
  }
  return {std::min(same.left, same.right) - same.middle,
          different.middle - std::max(different.left, different.right),
          *std::min_element(gaps.begin(), gaps.end())};
}

// Nothing if a layer has no pairs.  `unit` is left out; it may be null.
std::optional<Curve> Means(const std::vector<RatioSum>& total,
                           const std::vector<RatioSum>* unit) {
  Curve curve;
  for (size_t l = 0; l < total.size(); ++l) {
    const auto mean = Ratio(unit ? total[l].Without((*unit)[l]) : total[l]);
    if (!mean) return std::nullopt;
    curve.push_back(*mean);
  }
  return curve;
}

std::optional<Curves> MeansWithout(const CrossingInput& input, size_t unit) {
  auto same = Means(input.same_total, &input.same_units[unit]);
  auto different = Means(input.different_total, &input.different_units[unit]);
  if (!same || !different) return std::nullopt;
  return Curves{std::move(*same), std::move(*different)};
}

bool HasPairs(const std::vector<RatioSum>& unit) {
  return std::any_of(unit.begin(), unit.end(),
                     [](const RatioSum& sum) { return sum.count > 0; });
}

std::vector<size_t> UnitsWithPairs(const CrossingInput& input) {
  std::vector<size_t> units;
  for (size_t g = 0; g < input.same_units.size(); ++g) {
    if (HasPairs(input.same_units[g]) || HasPairs(input.different_units[g])) {
      units.push_back(g);
    }
  }
  return units;
}

// Of the layer and class that has the fewest.
struct Fewest {
  uint64_t units = std::numeric_limits<uint64_t>::max();
  double effective = std::numeric_limits<double>::infinity();
};
Fewest FewestUnits(const CrossingInput& input) {
  Fewest fewest;
  for (const auto* units : {&input.same_units, &input.different_units}) {
    for (size_t l = 0; l < input.same_total.size(); ++l) {
      std::vector<RatioSum> counted;
      for (const auto& unit : *units) {
        if (unit[l].count > 0) counted.push_back(unit[l]);
      }
      fewest.units = std::min<uint64_t>(fewest.units, counted.size());
      fewest.effective = std::min(fewest.effective, EffectiveUnits(counted));
    }
  }
  return fewest;
}

// Without each of `units`; nothing if the pairs of a layer vanish with one.
std::optional<std::vector<Statistics>> LeaveOneOut(
    const CrossingInput& input, const std::vector<size_t>& units,
    const BandLayers& band) {
  std::vector<Statistics> result;
  for (const size_t g : units) {
    const auto curves = MeansWithout(input, g);
    if (!curves) return std::nullopt;
    result.push_back(Compute(*curves, band));
  }
  return result;
}

void SetBounds(const JackknifeResult& jackknife, CrossingStatistic* statistic) {
  statistic->lo = jackknife.lo;
  statistic->hi = jackknife.hi;
  statistic->lower = jackknife.lower;
  statistic->upper = jackknife.upper;
  statistic->verdict = jackknife.lower > 0   ? Verdict::kFound
                       : jackknife.upper < 0 ? Verdict::kAbsent
                                             : Verdict::kUndecided;
}

Verdict Joint(const std::vector<CrossingStatistic>& statistics) {
  const auto is = [](Verdict verdict) {
    return [verdict](const CrossingStatistic& one) {
      return one.verdict == verdict;
    };
  };
  const auto begin = statistics.begin();
  const auto end = statistics.end();
  if (std::all_of(begin, end, is(Verdict::kFound))) return Verdict::kFound;
  if (std::any_of(begin, end, is(Verdict::kAbsent))) return Verdict::kAbsent;
  return Verdict::kUndecided;
}

void AddBounds(const CrossingInput& input, uint64_t least_units,
               Crossing* crossing) {
  const std::vector<size_t> units = UnitsWithPairs(input);
  const Fewest fewest = FewestUnits(input);
  crossing->units = units.size();
  crossing->effective = fewest.effective;
  const auto without = LeaveOneOut(input, units, crossing->band);
  if (!without || fewest.units < least_units) return;
  for (size_t i = 0; i < kNames.size(); ++i) {
    std::vector<double> values;
    for (const Statistics& one : *without) values.push_back(one[i]);
    CrossingStatistic& statistic = crossing->statistics[i];
    const auto bounds =
        JackknifeStatistic(statistic.estimate, values, fewest.effective);
    if (!bounds) return;
    SetBounds(*bounds, &statistic);
  }
  crossing->verdict = Joint(crossing->statistics);
}

}  // namespace

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotGiven:
      break;
    case Verdict::kFound:
      return "found";
    case Verdict::kAbsent:
      return "absent";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "";
}

std::optional<Band> ParseBand(const std::string& text) {
  Band band;
  const char* const end = text.data() + text.size();
  const auto [colon, from] = std::from_chars(text.data(), end, band.from);
  if (from != std::errc() || colon == end || *colon != ':') {
    return std::nullopt;
  }
  const auto [rest, to] = std::from_chars(colon + 1, end, band.to);
  if (to != std::errc() || rest != end) return std::nullopt;
  // In this form NaN fails too.
  const bool ordered = band.from >= 0 && band.from <= band.to && band.to <= 1;
  return ordered ? std::optional(band) : std::nullopt;
}

std::optional<BandLayers> FindBand(size_t layers, std::optional<Band> band) {
  if (layers < 2 || (!band && layers < kLeastLayers)) return std::nullopt;
  const Band chosen =
      band.value_or(layers < kManyLayers ? kMiddleThird : kBand);
  std::optional<BandLayers> found;
  for (size_t l = 0; l < layers; ++l) {
    // Division rounds to the nearest number, as literals are; so a depth that
    // equals a bound as a fraction equals it here, and the order is exact.
    const double depth =
        static_cast<double>(l) / static_cast<double>(layers - 1);
    if (depth < chosen.from || depth > chosen.to) continue;
    if (!found) found = BandLayers{l, l};
    found->last = l;
  }
  if (!found || found->first == 0 || found->last + 1 == layers) {
    return std::nullopt;
  }
  return found;
}

Crossing FindCrossing(const CrossingInput& input, std::optional<Band> band,
                      uint64_t least_units) {
  Crossing crossing;
  const auto layers = FindBand(input.same_total.size(), band);
  if (!layers) {
    crossing.reason = "few-layers";
    return crossing;
  }
  const auto same = Means(input.same_total, nullptr);
  const auto different = Means(input.different_total, nullptr);
  if (!same || !different) {
    crossing.reason = "no-class";
    return crossing;
  }
  crossing.band = *layers;
  const Statistics full = Compute({*same, *different}, *layers);
  for (size_t i = 0; i < kNames.size(); ++i) {
    CrossingStatistic& one = crossing.statistics.emplace_back();
    one.name = kNames[i];
    one.estimate = full[i];
  }
  crossing.argmin_same = static_cast<size_t>(
      std::min_element(same->begin(), same->end()) - same->begin());
  crossing.argmax_different = static_cast<size_t>(
      std::max_element(different->begin(), different->end()) -
      different->begin());
  AddBounds(input, least_units, &crossing);
  return crossing;
}

}  // namespace moetap
