#include "analysis/studies/signatures/rivals.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace moetap {
namespace {

// A count at a place of the kernel.
struct Entry {
  size_t place = 0;
  double count = 0;
};

// Inner products of standardised counts z = (x - m) / s, the deviation s being
// that of the training places, which come first:
//   sum z_a z_b = sum x_a x_b / s^2 - u_a - u_b + c,
// u_a = sum x_a m / s^2, c = sum m^2 / s^2, all over tokens.
class TokenKernel {
 public:
  TokenKernel(size_t train, size_t test)
      : train_(train),
        size_(train + test),
        products_(size_ * size_),
        linear_(size_) {}

  // One token: its counts that are not 0, in ascending order of places.
  void Add(std::span<const Entry> entries) {
    const FeatureScale scale = ScaleOfToken(entries);
    const double weight = scale.inverse * scale.inverse;
    for (size_t a = 0; a < entries.size(); ++a) {
      const auto [place, count] = entries[a];
      linear_[place] += weight * scale.mean * count;
      double* row = products_.data() + place * size_;
      for (size_t b = 0; b <= a; ++b) {
        row[entries[b].place] += weight * count * entries[b].count;
      }
    }
    constant_ += weight * scale.mean * scale.mean;
  }

  FoldCoordinates Coordinates() {
    for (size_t a = 0; a < size_; ++a) {
      for (size_t b = 0; b <= a; ++b) {
        products_[a * size_ + b] += constant_ - linear_[a] - linear_[b];
      }
    }
    return CoordinatesFromKernel(products_, train_, size_ - train_);
  }

 private:
  FeatureScale ScaleOfToken(std::span<const Entry> entries) const {
    const auto n = static_cast<double>(train_);
    double sum = 0;
    double zeros = n;
    for (const auto [place, count] : entries) {
      if (place >= train_) continue;
      sum += count;
      --zeros;
    }
    const double mean = sum / n;
    double squares = zeros * mean * mean;
    for (const auto [place, count] : entries) {
      if (place < train_) squares += (count - mean) * (count - mean);
    }
    return ScaleOf(mean, squares / n, train_);
  }

  const size_t train_;
  const size_t size_;
  std::vector<double> products_;  // lower triangle
  std::vector<double> linear_;    // u
  double constant_ = 0;           // c
};

// By unit; units that are not in the fold have none.
std::unordered_map<uint32_t, size_t> PlacesOf(std::span<const uint32_t> train,
                                              std::span<const uint32_t> test) {
  std::unordered_map<uint32_t, size_t> places;
  for (const auto units : {train, test}) {
    for (const uint32_t unit : units) places.emplace(unit, places.size());
  }
  return places;
}

}  // namespace

FoldFeatures LengthFeatures(std::span<const double> lengths) {
  return [values = std::vector<double>(lengths.begin(), lengths.end())](
             std::span<const uint32_t> train, std::span<const uint32_t> test) {
    return DenseFeatures({values.data(), values.size(), 1, 1})(train, test);
  };
}

FoldFeatures TokenFeatures(std::vector<TokenCount> counts) {
  std::sort(counts.begin(), counts.end(),
            [](const TokenCount& a, const TokenCount& b) {
              return std::tie(a.token, a.unit) < std::tie(b.token, b.unit);
            });
  return [counts = std::move(counts)](std::span<const uint32_t> train,
                                      std::span<const uint32_t> test) {
    const auto places = PlacesOf(train, test);
    TokenKernel kernel(train.size(), test.size());
    std::vector<Entry> entries;
    for (size_t i = 0; i < counts.size(); ++i) {
      const auto at = places.find(counts[i].unit);
      if (at != places.end()) entries.push_back({at->second, counts[i].count});
      if (i + 1 < counts.size() && counts[i + 1].token == counts[i].token) {
        continue;
      }
      std::sort(entries.begin(), entries.end(),
                [](Entry a, Entry b) { return a.place < b.place; });
      kernel.Add(entries);
      entries.clear();
    }
    return kernel.Coordinates();
  };
}

}  // namespace moetap
