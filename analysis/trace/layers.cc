#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "analysis/error.h"
#include "analysis/trace/engines.h"
#include "schema/ring_format.h"

namespace moetap {
namespace {

// k of every layer that real rows of `log` went through, by slot; 0 = none.
std::vector<uint32_t> DispatchedK(const ProcessLog& log) {
  std::vector<uint32_t> k(log.layers.size(), 0);
  for (const StepLog& step : log.steps) {
    if (step.kind == log::StepKind::Dummy) continue;
    for (const GroupRef& ref : step.groups) {
      for (const uint16_t slot : ref.slots()) {
        if (slot >= k.size()) k.resize(slot + 1u, 0);
        k[slot] = std::max<uint32_t>(k[slot], ref.group->k());
      }
    }
  }
  return k;
}

// Layers of one process by decoder layer number.
std::map<uint32_t, MoeLayer> LayersOf(const ProcessLog& log) {
  std::map<uint32_t, MoeLayer> layers;
  const std::vector<uint32_t> k = DispatchedK(log);
  const auto experts =
      static_cast<uint32_t>(NumberFact(*log.file, "num_experts", 0));
  for (uint32_t slot = 0; slot < k.size(); ++slot) {
    if (k[slot] == 0) continue;
    const LayerSlot info =
        slot < log.layers.size() ? log.layers[slot] : LayerSlot{};
    const uint32_t number = info.seen ? info.number : slot;
    MoeLayer& layer = layers[number];
    layer.number = number;
    layer.experts = info.experts != 0 ? info.experts : experts;
    layer.k = std::max(layer.k, k[slot]);
  }
  return layers;
}

// Adds the layers of one process to those of the model.
void Merge(const std::map<uint32_t, MoeLayer>& from, const CaptureFile& file,
           std::map<uint32_t, MoeLayer>* to) {
  for (const auto& [number, layer] : from) {
    MoeLayer& have = to->try_emplace(number, layer).first->second;
    if (have.experts != 0 && layer.experts != 0 &&
        have.experts != layer.experts) {
      throw Error(fmt::format(
          "{}: layer {} has {} experts, but {} in another file; put the files "
          "of each model into a directory of its own",
          file.path.string(), number, layer.experts, have.experts));
    }
    have.experts = std::max(have.experts, layer.experts);
    have.k = std::max(have.k, layer.k);
  }
}

void AssignSlots(const std::vector<MoeLayer>& layers, Rank* rank) {
  const auto& slots = rank->log.layers;
  rank->layer_of.assign(kMaxLayerSlots, kNone);
  for (uint32_t slot = 0; slot < kMaxLayerSlots; ++slot) {
    const bool seen = slot < slots.size() && slots[slot].seen;
    const uint32_t number = seen ? slots[slot].number : slot;
    for (uint32_t i = 0; i < layers.size(); ++i) {
      if (layers[i].number == number) rank->layer_of[slot] = i;
    }
  }
}

}  // namespace

std::vector<uint32_t> ListedLayers(const CaptureFile& file) {
  const std::string text = file.fact("moe_layers");
  std::vector<uint32_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    uint32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = next < end ? next + 1 : end;
  }
  return numbers;
}

std::vector<MoeLayer> FindLayers(std::vector<Engine>* engines) {
  std::map<uint32_t, MoeLayer> by_number;
  std::vector<uint32_t> order;
  for (const Engine& engine : *engines) {
    for (const Rank& rank : engine.ranks) {
      Merge(LayersOf(rank.log), *rank.log.file, &by_number);
      if (order.empty()) order = ListedLayers(*rank.log.file);
    }
  }
  std::vector<MoeLayer> layers;
  const auto take = [&](std::map<uint32_t, MoeLayer>::iterator it) {
    if (it == by_number.end()) return;
    const uint32_t offset =
        layers.empty() ? 0 : layers.back().offset + layers.back().k;
    layers.push_back(it->second);
    layers.back().offset = offset;
    by_number.erase(it);
  };
  for (const uint32_t number : order) take(by_number.find(number));
  while (!by_number.empty()) take(by_number.begin());
  for (Engine& engine : *engines) {
    for (Rank& rank : engine.ranks) AssignSlots(layers, &rank);
  }
  return layers;
}

}  // namespace moetap
