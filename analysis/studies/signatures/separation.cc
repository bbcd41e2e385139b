#include "analysis/studies/signatures/separation.h"

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// gap / s, s^2 = `squares` / (pairs - 2); the means are at most `scale`.
std::optional<double> Standardised(double gap, double squares, double pairs,
                                   double scale) {
  const double s = std::sqrt(std::max(0.0, squares) / (pairs - 2));
  if (s <= 1e-12 * scale || s <= 1e-5 * std::abs(gap)) return std::nullopt;
  return gap / s;
}

// Of similarities less a constant, which keeps their squares exact.
struct PairSums {
  double pairs = 0;
  double sum = 0;
  double squares = 0;

  double mean() const { return sum / pairs; }
  double squared_deviations() const { return squares - sum * sum / pairs; }
};

// What the similarities of pairs are measured from: their mean.
double Centre(const SimilarityMatrix& similarity) {
  double sum = 0;
  for (size_t i = 0; i < similarity.units; ++i) {
    for (size_t j = 0; j < i; ++j) sum += similarity.at(i, j);
  }
  const auto units = static_cast<double>(similarity.units);
  return units < 2 ? 0 : sum / (units * (units - 1) / 2);
}

std::vector<size_t> OrderByClass(std::span<const uint32_t> labels) {
  std::vector<size_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return labels[i] < labels[j]; });
  return order;
}

// All pairs, with the units in order of classes: those before a unit are first
// the ones of other classes, then the ones of its own.
class ClassPairs {
 public:
  ClassPairs(const SimilarityMatrix& similarity,
             std::span<const uint32_t> labels)
      : order_(OrderByClass(labels)),
        centre_(Centre(similarity)),
        values_(similarity.units, similarity.units),
        squares_(similarity.units, similarity.units) {
    for (size_t i = 0; i < order_.size(); ++i) {
      const bool same = i > 0 && labels[order_[i]] == labels[order_[i - 1]];
      first_.push_back(same ? first_.back() : static_cast<Eigen::Index>(i));
      for (size_t j = 0; j < i; ++j) {
        values_(j, i) = similarity.at(order_[i], order_[j]) - centre_;
        squares_(j, i) = values_(j, i) * values_(j, i);
      }
    }
  }

  // `scratch` has one value per unit.
  std::optional<Separation> Weighted(std::span<const uint32_t> weights,
                                     Eigen::VectorXd* scratch) const {
    for (size_t i = 0; i < order_.size(); ++i) {
      (*scratch)(i) = weights[order_[i]];
    }
    PairSums within;
    PairSums across;
    for (Eigen::Index i = 0; i < scratch->size(); ++i) {
      const double weight = (*scratch)(i);
      if (weight == 0) continue;
      const Eigen::Index first = first_[static_cast<size_t>(i)];
      AddPairs(i, {0, first}, weight, *scratch, &across);
      AddPairs(i, {first, i}, weight, *scratch, &within);
    }
    return FromSums(within, across);
  }

 private:
  struct Range {
    Eigen::Index begin;
    Eigen::Index end;
  };

  void AddPairs(Eigen::Index i, Range range, double weight,
                const Eigen::VectorXd& weights, PairSums* sums) const {
    const Eigen::Index size = range.end - range.begin;
    const auto others = weights.segment(range.begin, size);
    sums->pairs += weight * others.sum();
    sums->sum += weight * others.dot(values_.col(i).segment(range.begin, size));
    sums->squares +=
        weight * others.dot(squares_.col(i).segment(range.begin, size));
  }

  PairSide Side(const PairSums& sums) const {
    const double squares = std::max(0.0, sums.squared_deviations());
    return {static_cast<uint64_t>(sums.pairs), centre_ + sums.mean(),
            std::sqrt(squares / (sums.pairs - 1))};
  }

  std::optional<Separation> FromSums(const PairSums& within,
                                     const PairSums& across) const {
    if (within.pairs < 2 || across.pairs < 2) return std::nullopt;
    Separation result{Side(within), Side(across), 0, {}};
    result.gap = within.mean() - across.mean();
    result.d = CohensD(result.within, result.across);
    return result;
  }

  const std::vector<size_t> order_;
  const double centre_;
  std::vector<Eigen::Index> first_;  // of the unit's class
  Eigen::MatrixXd values_;           // column i: with the units before i
  Eigen::MatrixXd squares_;
};

// All pairs, of which permutations make other ones pairs within classes.
class PermutedPairs {
 public:
  PermutedPairs(const SimilarityMatrix& similarity,
                std::span<const uint32_t> labels)
      : units_(similarity.units), centre_(Centre(similarity)) {
    uint32_t classes = 0;
    for (const uint32_t label : labels) classes = std::max(classes, label + 1);
    begin_.resize(classes + 1);
    for (const uint32_t label : labels) ++begin_[label + 1];
    for (size_t c = 0; c < classes; ++c) {
      const auto size = static_cast<double>(begin_[c + 1]);
      within_ += size * (size - 1) / 2;
      begin_[c + 1] += begin_[c];
    }
    const auto units = static_cast<double>(units_);
    across_ = units * (units - 1) / 2 - within_;
    values_.reserve(similarity.values.size());
    for (const double one : similarity.values) values_.push_back(one - centre_);
    SumAll();
  }

  struct Scratch {
    std::vector<size_t> ends;
    std::vector<size_t> units;  // by class
  };

  SeparationEffect Effect(std::span<const uint32_t> labels,
                          Scratch* scratch) const {
    if (within_ < 2 || across_ < 2) return {};
    const double mean_within = SumWithin(labels, scratch) / within_;
    const double mean_across = (sum_ - mean_within * within_) / across_;
    const double gap = mean_within - mean_across;
    const double between = within_ * across_ / (within_ + across_) * gap * gap;
    return {gap, Standardised(gap, squares_ - between, within_ + across_,
                              std::abs(centre_) + std::abs(gap))};
  }

 private:
  void SumAll() {
    for (size_t i = 0; i < units_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double value = values_[i * units_ + j];
        sum_ += value;
        squares_ += value * value;
      }
    }
  }

  double SumWithin(std::span<const uint32_t> labels, Scratch* scratch) const {
    scratch->ends.assign(begin_.begin(), begin_.end() - 1);
    scratch->units.resize(units_);
    double sum = 0;
    for (size_t i = 0; i < units_; ++i) {
      const double* const row = values_.data() + i * units_;
      size_t& end = scratch->ends[labels[i]];
      for (size_t k = begin_[labels[i]]; k < end; ++k) {
        sum += row[scratch->units[k]];
      }
      scratch->units[end++] = i;
    }
    return sum;
  }

  const size_t units_;
  const double centre_;
  std::vector<size_t> begin_;  // of each class, in Scratch::units; one more
  std::vector<double> values_;
  double within_ = 0;  // pairs
  double across_ = 0;
  double sum_ = 0;  // over all pairs
  double squares_ = 0;
};

std::vector<std::optional<double>> Select(
    std::span<const SeparationEffect> effects,
    std::optional<double> SeparationEffect::*effect) {
  std::vector<std::optional<double>> result;
  for (const SeparationEffect& one : effects) result.push_back(one.*effect);
  return result;
}

}  // namespace

std::optional<double> CohensD(const PairSide& within, const PairSide& across) {
  if (within.pairs < 2 || across.pairs < 2) return std::nullopt;
  const auto squares = [](const PairSide& side) {
    return static_cast<double>(side.pairs - 1) * side.deviation *
           side.deviation;
  };
  return Standardised(within.mean - across.mean,
                      squares(within) + squares(across),
                      static_cast<double>(within.pairs + across.pairs),
                      std::max(std::abs(within.mean), std::abs(across.mean)));
}

std::optional<Separation> Separate(const SimilarityMatrix& similarity,
                                   std::span<const uint32_t> labels) {
  Eigen::VectorXd scratch(similarity.units);
  return ClassPairs(similarity, labels)
      .Weighted(std::vector<uint32_t>(similarity.units, 1), &scratch);
}

std::vector<SeparationEffect> ResampleSeparation(
    const SimilarityMatrix& similarity, std::span<const uint32_t> labels,
    const UnitResamples& resamples, unsigned threads) {
  std::vector<SeparationEffect> effects(resamples.size());
  const ClassPairs pairs(similarity, labels);
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    Eigen::VectorXd scratch(similarity.units);
    for (size_t r = next++; r < effects.size(); r = next++) {
      const auto one = pairs.Weighted(resamples.replicate(r), &scratch);
      if (one) effects[r] = {one->gap, one->d};
    }
  });
  return effects;
}

std::vector<SeparationEffect> PermuteSeparation(
    const SimilarityMatrix& similarity, const LabelPermutations& permutations,
    unsigned threads) {
  std::vector<SeparationEffect> effects(permutations.size());
  if (effects.empty()) return effects;
  const PermutedPairs pairs(similarity, permutations.permutation(0));
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    PermutedPairs::Scratch scratch;
    for (size_t b = next++; b < effects.size(); b = next++) {
      effects[b] = pairs.Effect(permutations.permutation(b), &scratch);
    }
  });
  return effects;
}

std::vector<std::optional<double>> Gaps(
    std::span<const SeparationEffect> effects) {
  return Select(effects, &SeparationEffect::gap);
}

std::vector<std::optional<double>> Ds(
    std::span<const SeparationEffect> effects) {
  return Select(effects, &SeparationEffect::d);
}

std::optional<SeparationTest> TestSeparation(
    const SimilarityMatrix& similarity, std::span<const uint32_t> labels,
    const UnitResamples& resamples, const LabelPermutations& permutations,
    unsigned threads) {
  const auto observed = Separate(similarity, labels);
  if (!observed) return std::nullopt;
  const auto resampled =
      ResampleSeparation(similarity, labels, resamples, threads);
  const auto permuted = PermuteSeparation(similarity, permutations, threads);
  SeparationTest test{*observed, {}, {}, 1};
  test.gap_interval = BiasCorrectedInterval(observed->gap, Gaps(resampled));
  if (observed->d) {
    test.d_interval = BiasCorrectedInterval(*observed->d, Ds(resampled));
  }
  test.p = PermutationP(observed->gap, Gaps(permuted));
  return test;
}

}  // namespace moetap
