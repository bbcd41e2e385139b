#include "plugin/announced.h"

#include <algorithm>
#include <cstring>

namespace moetap {

bool Announced::AddFact(std::string_view key, std::string_view value) {
  const size_t n = facts_.load(std::memory_order_relaxed);
  const size_t size = key.size() + 1 + value.size();
  if (n == kMaxFacts || size > kMaxFactBytes) return false;
  Fact& added = fact_[n];
  memcpy(added.text, key.data(), key.size());
  added.text[key.size()] = '\0';
  memcpy(added.text + key.size() + 1, value.data(), value.size());
  added.size = static_cast<uint32_t>(size);
  for (size_t i = 0; i < n; ++i) {
    if (fact(i) == std::string_view(added.text, size)) return false;
  }
  facts_.store(n + 1, std::memory_order_release);
  return true;
}

std::string_view Announced::fact(size_t i) const {
  if (i >= facts_.load(std::memory_order_acquire)) return {};
  return {fact_[i].text, fact_[i].size};
}

bool Announced::superseded(size_t i) const {
  const std::string_view key = fact(i).data();
  for (size_t later = i + 1; !fact(later).empty(); ++later) {
    if (key == fact(later).data()) return true;
  }
  return false;
}

void Announced::Expect(std::span<const moetap_layer> layers) {
  const size_t n = std::min(layers.size(), kMaxLayerSlots);
  layers_.store(0, std::memory_order_release);
  std::copy_n(layers.begin(), n, layer_);
  layers_.store(n, std::memory_order_release);
}

std::span<const moetap_layer> Announced::layers() const {
  return {layer_, layers_.load(std::memory_order_acquire)};
}

}  // namespace moetap
