#include "plugin/layer_table.h"

#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

constexpr auto kUnknown = static_cast<uint16_t>(log::LayerSource::Unknown);
constexpr auto kOrder = static_cast<uint16_t>(log::LayerSource::Order);
constexpr auto kPointer = static_cast<uint16_t>(log::LayerSource::Pointer);

const moetap_layer* FindWeight(std::span<const moetap_layer> announced,
                               const void* key) {
  for (const moetap_layer& layer : announced) {
    if (layer.weight != 0 && layer.weight == reinterpret_cast<uintptr_t>(key)) {
      return &layer;
    }
  }
  return nullptr;
}

}  // namespace

int LayerTable::Add(const void* key, uint32_t experts, const char* hook) {
  for (size_t slot = 0; slot < size_; ++slot) {
    if (layer_[slot].key == key) return static_cast<int>(slot);
  }
  if (size_ == kMaxLayerSlots) return -1;
  Layer& layer = layer_[size_];
  layer = {};
  layer.key = key;
  layer.hook = hook;
  layer.own_experts = experts;
  layer.experts = experts;
  layer.number = static_cast<uint16_t>(size_);
  layer.source = kUnknown;
  return static_cast<int>(size_++);
}

void LayerTable::Describe(size_t slot, uint32_t number, uint16_t source,
                          uint32_t experts) {
  Layer& layer = layer_[slot];
  if (experts == 0) experts = layer.own_experts;
  if (layer.number == number && layer.source == source &&
      layer.experts == experts) {
    return;
  }
  layer.number = static_cast<uint16_t>(number);
  layer.source = source;
  layer.experts = experts;
  layer.told = false;
}

void LayerTable::Number(std::span<const moetap_layer> announced) {
  bool any_pointer = false;
  for (size_t slot = 0; slot < size_; ++slot) {
    any_pointer |= FindWeight(announced, layer_[slot].key) != nullptr;
  }
  const bool by_order = !any_pointer && size_ == announced.size();
  for (size_t slot = 0; slot < size_; ++slot) {
    const moetap_layer* known = FindWeight(announced, layer_[slot].key);
    if (known != nullptr) {
      Describe(slot, known->number, kPointer, known->experts);
    } else if (by_order) {
      Describe(slot, announced[slot].number, kOrder, announced[slot].experts);
    } else {
      Describe(slot, static_cast<uint32_t>(slot), kUnknown, 0);
    }
  }
}

void LayerTable::SetTold(size_t slot) {
  layer_[slot].told = true;
  size_t i = BucketOf(layer_[slot].key);
  for (const void* at; (at = bucket_[i].key.load(std::memory_order_relaxed));
       i = (i + 1) % kBuckets) {
    if (at == layer_[slot].key) return;
  }
  bucket_[i].slot = static_cast<uint16_t>(slot);
  bucket_[i].key.store(layer_[slot].key, std::memory_order_release);
}

LayerRecord LayerTable::record(size_t slot) const {
  const Layer& layer = layer_[slot];
  return {.slot = static_cast<uint16_t>(slot),
          .number = layer.number,
          .source = layer.source,
          .reserved = 0,
          .experts = layer.experts,
          .reserved2 = 0};
}

}  // namespace moetap
