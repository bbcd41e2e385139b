// Which layer a dispatch belongs to, from the address of its weights.
#ifndef MOETAP_PLUGIN_LAYER_TABLE_H_
#define MOETAP_PLUGIN_LAYER_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plugin/moetap.h"
#include "schema/ring_format.h"

namespace moetap {

// All-zero bytes are the empty table: it lives in memory that the kernel wipes
// in a forked child.
class LayerTable {
 public:
  // Any thread, no lock.  Slot of the layer, -1 if it was not yet shown.
  int Find(const void* key) const;

  // The rest needs the process lock.

  // Slot of the layer, made if need be; -1 if the table is full.  `hook` must
  // live for ever.
  int Add(const void* key, uint32_t experts, const char* hook);

  // Matches all layers anew with what the shim announced, by weight address or
  // else by order, if as many layers were seen as announced.  Those whose
  // description changes become untold.
  void Number(std::span<const moetap_layer> announced);

  size_t size() const { return size_; }

  // A layer is told once its description is in the ring, and shown to Find
  // from then on.
  bool told(size_t slot) const { return layer_[slot].told; }
  void SetTold(size_t slot);
  LayerRecord record(size_t slot) const;
  const char* hook(size_t slot) const { return layer_[slot].hook; }

 private:
  static constexpr size_t kBuckets = 2 * kMaxLayerSlots;
  struct Layer {
    const void* key;
    const char* hook;
    uint32_t own_experts;  // as the hook saw them, 0 = unknown
    uint32_t experts;
    uint16_t number;
    uint16_t source;  // log::LayerSource
    bool told;
  };
  struct Bucket {
    std::atomic<const void*> key;
    uint16_t slot;
  };

  static size_t BucketOf(const void* key);
  void Describe(size_t slot, uint32_t number, uint16_t source,
                uint32_t experts);

  size_t size_;
  Layer layer_[kMaxLayerSlots];
  Bucket bucket_[kBuckets];
};

inline size_t LayerTable::BucketOf(const void* key) {
  // Weights are aligned to 64 bytes and more: multiply to spread the high bits.
  return (reinterpret_cast<uintptr_t>(key) * 0x9E3779B97F4A7C15u >> 32) %
         kBuckets;
}

inline int LayerTable::Find(const void* key) const {
  // At most half the buckets are taken, so the walk ends.
  for (size_t i = BucketOf(key);; i = (i + 1) % kBuckets) {
    const void* found = bucket_[i].key.load(std::memory_order_acquire);
    if (found == key) return bucket_[i].slot;
    if (found == nullptr) return -1;
  }
}

}  // namespace moetap

#endif  // MOETAP_PLUGIN_LAYER_TABLE_H_
