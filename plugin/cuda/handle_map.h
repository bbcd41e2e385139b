// Small numbers by CUDA handle.  One thread at a time changes it, any number
// look handles up meanwhile, without a lock.
#ifndef MOETAP_PLUGIN_CUDA_HANDLE_MAP_H_
#define MOETAP_PLUGIN_CUDA_HANDLE_MAP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace moetap {

// All-zero bytes are the empty map.
class HandleMap {
 public:
  static constexpr size_t kCapacity = 32768;

  // -1 if `handle` is not there.
  int Find(const void* handle) const;

  // The rest needs the process lock.

  // False: full.
  bool Set(const void* handle, int value);
  // The value it had, -1 if it was not there.
  int Remove(const void* handle);

 private:
  static constexpr size_t kBuckets = 2 * kCapacity;
  struct Bucket {
    std::atomic<const void*> handle;  // null: never used, or cleared
    std::atomic<int> value;
  };

  size_t IndexOf(const void* handle) const;
  void ClearBackwards(size_t index);

  size_t used_;  // buckets that are not null
  Bucket bucket_[kBuckets];
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CUDA_HANDLE_MAP_H_
