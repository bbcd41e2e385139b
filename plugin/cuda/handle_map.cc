#include "plugin/cuda/handle_map.h"

namespace moetap {
namespace {

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;

constexpr size_t kNowhere = SIZE_MAX;
constexpr char kRemovedMark = 0;
constexpr const void* kRemoved = &kRemovedMark;

size_t Hash(const void* handle) {
  return reinterpret_cast<uintptr_t>(handle) * 0x9E3779B97F4A7C15u >> 32;
}

}  // namespace

size_t HandleMap::IndexOf(const void* handle) const {
  // At most half the buckets are used, so the walk ends.
  for (size_t i = Hash(handle) % kBuckets;; i = (i + 1) % kBuckets) {
    const void* found = bucket_[i].handle.load(memory_order_acquire);
    if (found == handle) return i;
    if (found == nullptr) return kNowhere;
  }
}

int HandleMap::Find(const void* handle) const {
  const size_t i = IndexOf(handle);
  return i == kNowhere ? -1 : bucket_[i].value.load(memory_order_relaxed);
}

bool HandleMap::Set(const void* handle, int value) {
  size_t i = IndexOf(handle);
  if (i != kNowhere) {
    bucket_[i].value.store(value, memory_order_relaxed);
    return true;
  }
  i = Hash(handle) % kBuckets;
  const void* found;
  while ((found = bucket_[i].handle.load(memory_order_relaxed)) != nullptr &&
         found != kRemoved) {
    i = (i + 1) % kBuckets;
  }
  if (found == nullptr && used_ == kCapacity) return false;
  used_ += found == nullptr ? 1 : 0;
  bucket_[i].value.store(value, memory_order_relaxed);
  bucket_[i].handle.store(handle, memory_order_release);
  return true;
}

int HandleMap::Remove(const void* handle) {
  const size_t i = IndexOf(handle);
  if (i == kNowhere) return -1;
  bucket_[i].handle.store(kRemoved, memory_order_relaxed);
  ClearBackwards(i);
  return bucket_[i].value.load(memory_order_relaxed);
}

// Removed marks before an unused bucket are not needed to find what lies
// behind them.
void HandleMap::ClearBackwards(size_t i) {
  const size_t next = (i + 1) % kBuckets;
  if (bucket_[next].handle.load(memory_order_relaxed) != nullptr) return;
  while (bucket_[i].handle.load(memory_order_relaxed) == kRemoved) {
    bucket_[i].handle.store(nullptr, memory_order_relaxed);
    --used_;
    i = (i + kBuckets - 1) % kBuckets;
  }
}

}  // namespace moetap
