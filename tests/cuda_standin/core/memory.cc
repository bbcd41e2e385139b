#include "tests/cuda_standin/core/memory.h"

#include <cuda.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "tests/cuda_standin/core/environment.h"

namespace standin {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kLargeFill = size_t{1} << 20;

struct Memory {
  std::mutex mutex;
  std::map<uintptr_t, MemoryRange> ranges;
  std::map<int, size_t> used;  // per device
  const size_t total = NumberFromEnvironment("STANDIN_MEMORY", 4ULL << 30);
};

Memory& All() {
  static auto* const memory = new Memory;
  return *memory;
}

bool OnDevice(MemoryKind kind) {
  return kind == MemoryKind::kDevice || kind == MemoryKind::kManaged;
}

uintptr_t Address(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

// With the mutex held: the range that overlaps [address, address + size).
const MemoryRange* Overlapping(const Memory& memory, uintptr_t address,
                               size_t size) {
  auto next = memory.ranges.lower_bound(address + size);
  if (next == memory.ranges.begin()) return nullptr;
  const MemoryRange& range = std::prev(next)->second;
  return range.base + range.size > address ? &range : nullptr;
}

}  // namespace

int Allocate(size_t size, MemoryKind kind, int device, void** out) {
  *out = nullptr;
  if (size == 0) return CUDA_SUCCESS;
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  size_t& used = memory.used[device];
  if (size > SIZE_MAX - kPage) return CUDA_ERROR_OUT_OF_MEMORY;
  const size_t bytes = (size + kPage - 1) / kPage * kPage;
  if (OnDevice(kind) && bytes > memory.total - used) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  if (OnDevice(kind)) used += bytes;
  memory.ranges[Address(pages)] = {Address(pages), bytes, kind, device};
  *out = pages;
  return CUDA_SUCCESS;
}

int Release(void* address) {
  if (address == nullptr) return CUDA_SUCCESS;
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  const auto found = memory.ranges.find(Address(address));
  if (found == memory.ranges.end() ||
      found->second.kind == MemoryKind::kRegistered) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  const MemoryRange range = found->second;
  if (OnDevice(range.kind)) memory.used[range.device] -= range.size;
  munmap(address, range.size);
  memory.ranges.erase(found);
  return CUDA_SUCCESS;
}

int Register(void* address, size_t size, int device) {
  if (address == nullptr || size == 0) return CUDA_ERROR_INVALID_VALUE;
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  if (Overlapping(memory, Address(address), size) != nullptr) {
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  }
  memory.ranges[Address(address)] = {Address(address), size,
                                     MemoryKind::kRegistered, device};
  return CUDA_SUCCESS;
}

int Unregister(void* address) {
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  const auto found = memory.ranges.find(Address(address));
  if (found == memory.ranges.end() ||
      found->second.kind != MemoryKind::kRegistered) {
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  }
  memory.ranges.erase(found);
  return CUDA_SUCCESS;
}

bool FindRange(const void* address, MemoryRange* range) {
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  const MemoryRange* found = Overlapping(memory, Address(address), 1);
  if (found == nullptr) return false;
  *range = *found;
  return true;
}

bool IsDeviceMemory(const void* address) {
  MemoryRange range;
  return FindRange(address, &range) && OnDevice(range.kind);
}

void MemoryInfo(int device, size_t* available, size_t* total) {
  Memory& memory = All();
  const std::lock_guard lock(memory.mutex);
  *available = memory.total - memory.used[device];
  *total = memory.total;
}

void Fill(void* address, uint32_t value, size_t element, size_t count) {
  auto* begin = static_cast<uint8_t*>(address);
  uint8_t* const end = begin + element * count;
  if (value == 0 && element * count > kLargeFill && IsDeviceMemory(begin)) {
    auto* const first = begin + (kPage - Address(begin) % kPage) % kPage;
    auto* const last = end - Address(end) % kPage;
    std::memset(begin, 0, static_cast<size_t>(first - begin));
    madvise(first, static_cast<size_t>(last - first), MADV_DONTNEED);
    std::memset(last, 0, static_cast<size_t>(end - last));
    return;
  }
  if (element == 1) {
    std::memset(begin, static_cast<int>(value), count);
    return;
  }
  for (; begin < end; begin += element) std::memcpy(begin, &value, element);
}

}  // namespace standin
