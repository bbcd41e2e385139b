#include "analysis/studies/alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "analysis/error.h"

namespace moetap {
namespace {

using Tokens = std::span<const uint64_t>;

class PositionAlignment : public Alignment {
 public:
  std::string_view name() const override { return "position"; }
  bool by_position() const override { return true; }
  uint64_t Cost(uint64_t rows_a, uint64_t rows_b) const override {
    return std::min(rows_a, rows_b);
  }

  AlignedTails Align(const Sequence& a, const Sequence& b,
                     uint32_t fork) const override {
    const uint32_t rows_a = TailRows(a, fork);
    const uint32_t rows_b = TailRows(b, fork);
    AlignedTails aligned;
    for (uint32_t i = 0; i < std::min(rows_a, rows_b); ++i) {
      aligned.rows.emplace_back(i, i);
    }
    aligned.ended = std::max(rows_a, rows_b) - std::min(rows_a, rows_b);
    return aligned;
  }
};

enum Step : uint8_t { kPair, kSkipA, kSkipB };

// The first step of a cheapest alignment of each pair of suffixes, at
// [i * (b.size() + 1) + j].  Substitution and gap cost 1.
std::vector<Step> BestSteps(Tokens a, Tokens b) {
  const size_t width = b.size() + 1;
  std::vector<Step> steps((a.size() + 1) * width);
  std::vector<uint32_t> below(width);  // costs of suffixes i + 1
  std::vector<uint32_t> here(width);
  for (size_t j = 0; j < width; ++j) {
    below[j] = static_cast<uint32_t>(b.size() - j);
    steps[a.size() * width + j] = kSkipB;
  }
  for (size_t i = a.size(); i-- > 0;) {
    here[b.size()] = static_cast<uint32_t>(a.size() - i);
    steps[i * width + b.size()] = kSkipA;
    for (size_t j = b.size(); j-- > 0;) {
      const uint32_t pair = below[j + 1] + (a[i] != b[j]);
      const uint32_t skip_a = below[j] + 1;
      const uint32_t skip_b = here[j + 1] + 1;
      here[j] = std::min({pair, skip_a, skip_b});
      steps[i * width + j] = here[j] == pair     ? kPair
                             : here[j] == skip_a ? kSkipA
                                                 : kSkipB;
    }
    std::swap(here, below);
  }
  return steps;
}

class EditAlignment : public Alignment {
 public:
  std::string_view name() const override { return "edit"; }
  uint64_t Cost(uint64_t rows_a, uint64_t rows_b) const override {
    return (rows_a + 1) * (rows_b + 1);
  }

  AlignedTails Align(const Sequence& a, const Sequence& b,
                     uint32_t fork) const override {
    const auto tail = [fork](const Sequence& sequence) {
      return Tokens(sequence.tokens).subspan(fork, TailRows(sequence, fork));
    };
    const Tokens tail_a = tail(a);
    const Tokens tail_b = tail(b);
    if (Cost(tail_a.size(), tail_b.size()) > kMostCells) {
      throw Error(fmt::format(
          "{} and {}: {} and {} rows behind their fork are too many for "
          "--alignment edit; use --alignment position",
          a.id, b.id, tail_a.size(), tail_b.size()));
    }
    const auto steps = BestSteps(tail_a, tail_b);
    AlignedTails aligned;
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < tail_a.size() || j < tail_b.size()) {
      const Step step = steps[i * (tail_b.size() + 1) + j];
      if (step == kPair) {
        aligned.rows.emplace_back(i++, j++);
        continue;
      }
      ++aligned.gaps;
      ++(step == kSkipA ? i : j);
    }
    return aligned;
  }

 private:
  static constexpr uint64_t kMostCells = uint64_t{1} << 30;  // a byte each
};

}  // namespace

const std::vector<std::string_view>& AlignmentNames() {
  static const std::vector<std::string_view> names = {"position", "edit"};
  return names;
}

std::unique_ptr<Alignment> MakeAlignment(std::string_view name) {
  if (name == "edit") return std::make_unique<EditAlignment>();
  return std::make_unique<PositionAlignment>();
}

}  // namespace moetap
