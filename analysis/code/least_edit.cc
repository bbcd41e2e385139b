#include "analysis/code/least_edit.h"

#include <algorithm>

namespace moetap {
namespace {

using Numbers = std::span<const uint64_t>;

enum Step : uint8_t { kPair, kSkipA, kSkipB };

// The first step of a cheapest alignment of each pair of suffixes, at
// [i * (b.size() + 1) + j].
std::vector<Step> BestSteps(Numbers a, Numbers b, uint32_t unequal_cost) {
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
      const uint32_t pair = below[j + 1] + (a[i] != b[j] ? unequal_cost : 0);
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

}  // namespace

IndexPairs LeastEdit(Numbers a, Numbers b, Unequal unequal) {
  // 3: never the least, as two gaps cost 2.
  const auto steps = BestSteps(a, b, unequal == Unequal::kPaired ? 1 : 3);
  IndexPairs pairs;
  uint32_t i = 0;
  uint32_t j = 0;
  while (i < a.size() && j < b.size()) {
    switch (steps[i * (b.size() + 1) + j]) {
      case kPair:
        pairs.emplace_back(i++, j++);
        break;
      case kSkipA:
        ++i;
        break;
      case kSkipB:
        ++j;
        break;
    }
  }
  return pairs;
}

}  // namespace moetap
