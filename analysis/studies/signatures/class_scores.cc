#include "analysis/studies/signatures/class_scores.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/intervals.h"

namespace moetap {
namespace {

// Of one class.
struct ClassCounts {
  uint64_t right = 0;
  uint64_t labelled = 0;
  uint64_t predicted = 0;
};

ClassCounts CountsOf(const Confusion& confusion, uint32_t one) {
  ClassCounts counts;
  counts.right = confusion.at(one, one);
  for (uint32_t other = 0; other < confusion.classes; ++other) {
    counts.labelled += confusion.at(one, other);
    counts.predicted += confusion.at(other, one);
  }
  return counts;
}

double Share(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

constexpr std::array kScores{&Scores::accuracy, &Scores::macro_f1,
                             &Scores::balanced_accuracy};

// Predictions of each unit by class: units x classes.
std::vector<uint64_t> CountByUnit(
    std::span<const std::vector<uint32_t>> predicted, uint32_t classes) {
  std::vector<uint64_t> counts(predicted.front().size() * classes);
  for (const auto& repeat : predicted) {
    for (size_t unit = 0; unit < repeat.size(); ++unit) {
      ++counts[unit * classes + repeat[unit]];
    }
  }
  return counts;
}

void AddUnit(std::span<const uint64_t> by_unit, uint32_t unit, uint32_t label,
             Confusion* confusion) {
  const size_t from = size_t{unit} * confusion->classes;
  for (uint32_t c = 0; c < confusion->classes; ++c) {
    confusion->at(label, c) += by_unit[from + c];
  }
}

Confusion Resample(std::span<const uint64_t> by_unit,
                   std::span<const uint32_t> labels, uint32_t classes,
                   uint64_t replicate, uint64_t seed) {
  const std::vector<uint32_t> units = UnitsByLabel(labels);
  const uint64_t n = units.size();
  Confusion confusion(classes);
  for (uint64_t begin = 0, end = 0; begin < n; begin = end) {
    const uint32_t label = labels[units[begin]];
    while (end < n && labels[units[end]] == label) ++end;
    for (uint64_t i = begin; i < end; ++i) {
      const uint64_t draw =
          Below(seed, kStreamScores, replicate * n + i, end - begin);
      AddUnit(by_unit, units[begin + draw], label, &confusion);
    }
  }
  return confusion;
}

double MajorityRate(std::span<const uint32_t> labels, uint32_t classes) {
  std::vector<uint64_t> counts(classes);
  for (const uint32_t label : labels) ++counts[label];
  return Share(*std::max_element(counts.begin(), counts.end()), labels.size());
}

}  // namespace

std::optional<Scores> ScoresOf(const Confusion& confusion) {
  Scores scores;
  uint64_t right = 0;
  uint64_t all = 0;
  double labels = 0;
  double seen = 0;
  for (uint32_t c = 0; c < confusion.classes; ++c) {
    const ClassCounts one = CountsOf(confusion, c);
    right += one.right;
    all += one.labelled;
    if (one.labelled > 0) {
      scores.balanced_accuracy += Share(one.right, one.labelled);
      ++labels;
    }
    if (one.labelled + one.predicted > 0) {
      scores.macro_f1 += Share(2 * one.right, one.labelled + one.predicted);
      ++seen;
    }
  }
  if (all == 0) return std::nullopt;
  scores.accuracy = Share(right, all);
  scores.balanced_accuracy /= labels;
  scores.macro_f1 /= seen;
  return scores;
}

std::optional<ClassScores> ScorePredictions(
    std::span<const std::vector<uint32_t>> predicted,
    std::span<const uint32_t> labels, uint32_t classes, uint64_t seed) {
  if (predicted.empty() || labels.empty()) return std::nullopt;
  const std::vector<uint64_t> by_unit = CountByUnit(predicted, classes);
  ClassScores result;
  result.confusion = Confusion(classes);
  for (uint32_t unit = 0; unit < labels.size(); ++unit) {
    AddUnit(by_unit, unit, labels[unit], &result.confusion);
  }
  result.scores = *ScoresOf(result.confusion);
  result.majority_rate = MajorityRate(labels, classes);
  std::vector<Scores> replicates;
  for (uint32_t r = 0; r < kScoreReplicates; ++r) {
    replicates.push_back(
        *ScoresOf(Resample(by_unit, labels, classes, r, seed)));
  }
  for (const auto score : kScores) {
    std::vector<double> values;
    for (const Scores& one : replicates) values.push_back(one.*score);
    std::sort(values.begin(), values.end());
    result.lo.*score = Quantile(values, 0.025);
    result.hi.*score = Quantile(values, 0.975);
  }
  return result;
}

std::vector<double> FoldAccuracies(std::span<const uint32_t> predicted,
                                   std::span<const uint32_t> labels,
                                   const Folds& folds) {
  std::vector<uint64_t> right(folds.count);
  std::vector<uint64_t> units(folds.count);
  for (size_t unit = 0; unit < labels.size(); ++unit) {
    const uint32_t fold = folds.of_unit[unit];
    ++units[fold];
    if (predicted[unit] == labels[unit]) ++right[fold];
  }
  std::vector<double> result;
  for (uint32_t f = 0; f < folds.count; ++f) {
    result.push_back(Share(right[f], units[f]));
  }
  return result;
}

FoldSpread SpreadOf(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  FoldSpread spread;
  for (const double value : values) spread.mean += value / n;
  double squares = 0;
  for (const double value : values) {
    squares += (value - spread.mean) * (value - spread.mean);
  }
  spread.deviation = std::sqrt(squares / n);
  return spread;
}

}  // namespace moetap
