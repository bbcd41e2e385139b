#include "tests/unit/analysis/synthetic_traffic.h"

#include <algorithm>
#include <utility>

namespace moetap {
namespace {

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

uint64_t Chain(uint64_t chain, uint32_t token) {
  return Mix(chain * 31 + token + 0x9E3779B97F4A7C15u);
}

}  // namespace

uint64_t SimRequest::Prefix(uint32_t n) const {
  uint64_t chain = 0;
  for (uint32_t i = 0; i < n; ++i) chain = Chain(chain, tokens[i]);
  return chain;
}

std::vector<SimRequest> MakeTraffic(const SyntheticOptions& options) {
  std::vector<SimRequest> requests;
  for (uint32_t p = 0; p < options.prompts; ++p) {
    for (uint32_t r = 0; r < options.requests_per_prompt; ++r) {
      SimRequest request;
      request.number = static_cast<uint32_t>(requests.size()) + 1;
      request.id = std::to_string(r) + "_cmpl-" + std::to_string(p);
      request.prompt = 9 + 4 * p;
      const uint32_t total = request.prompt + options.generated;
      for (uint32_t i = 0; i < total; ++i) {
        const bool shared = i < request.prompt + (r % 2 == 0 ? 3 : 0);
        const uint64_t seed = p * 1000 + i * 7 + (shared ? 0 : r * 100'000);
        request.tokens.push_back(static_cast<uint32_t>(Mix(seed) % 500));
      }
      request.preempt = r == 1 && p % 2 == 0;
      request.overshoot = r == 2;
      requests.push_back(std::move(request));
    }
  }
  return requests;
}

std::vector<uint16_t> SyntheticSet(const SyntheticOptions& options,
                                   uint32_t token, uint32_t position,
                                   uint32_t layer) {
  // Half of the set depends on the token alone, half on its place too.
  std::vector<uint16_t> set;
  for (uint64_t draw = 0; set.size() < options.k; ++draw) {
    const uint64_t place = set.size() * 2 < options.k ? 0 : position + 1;
    const uint64_t seed =
        token + (uint64_t{layer} << 20) + (place << 32) + (draw << 52);
    const auto id = static_cast<uint16_t>(Mix(seed + 1) % options.experts);
    if (std::find(set.begin(), set.end(), id) == set.end()) set.push_back(id);
  }
  return set;
}

}  // namespace moetap
