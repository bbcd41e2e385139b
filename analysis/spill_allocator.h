// Memory for what may not fit into memory: a vector with this allocator keeps
// up to `budget` bytes in ordinary memory, and larger contents in a temporary
// file without a name, mapped.  The kernel writes its pages out when memory is
// short and brings them back when they are read.
//
// Elements made by resize() without a value are left uninitialised, so that
// no page is written twice.
#ifndef MOETAP_ANALYSIS_SPILL_ALLOCATOR_H_
#define MOETAP_ANALYSIS_SPILL_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace moetap {

inline constexpr uint64_t kSpillBudget = uint64_t{512} << 20;

// Maps `bytes` of a new file in $TMPDIR, or in /var/tmp.  All its disk blocks
// are reserved first, so writing to it cannot fail.  Throws Error with the
// remedy if there is no room.
void* MapTemporaryFile(size_t bytes);
// Ends the mapping; the file is gone with it.
void UnmapTemporaryFile(void* at, size_t bytes);

template <typename T>
class SpillAllocator {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  explicit SpillAllocator(uint64_t budget = kSpillBudget) : budget_(budget) {}
  template <typename U>
  explicit SpillAllocator(const SpillAllocator<U>& other)
      : budget_(other.budget()) {}

  uint64_t budget() const { return budget_; }
  // Whether a vector of this capacity is in a file.
  bool spills(size_t capacity) const { return capacity * sizeof(T) > budget_; }

  T* allocate(size_t n) {
    return spills(n) ? static_cast<T*>(MapTemporaryFile(n * sizeof(T)))
                     : std::allocator<T>().allocate(n);
  }
  void deallocate(T* at, size_t n) {
    spills(n) ? UnmapTemporaryFile(at, n * sizeof(T))
              : std::allocator<T>().deallocate(at, n);
  }

  template <typename U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }

  bool operator==(const SpillAllocator& other) const = default;

 private:
  uint64_t budget_;
};

template <typename T>
using SpillVector = std::vector<T, SpillAllocator<T>>;

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_SPILL_ALLOCATOR_H_
