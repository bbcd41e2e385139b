#include "tests/cuda_standin/core/context.h"

#include <cuda.h>

#include <mutex>
#include <unordered_map>

#include "tests/cuda_standin/core/environment.h"

namespace standin {
namespace {

struct Contexts {
  std::mutex mutex;
  std::map<int, Context*> primary;
  std::vector<Context*> live;
};

Contexts& All() {
  static auto* const contexts = new Contexts;
  return *contexts;
}

thread_local std::vector<Context*> stack;

Context* MakeContext(Contexts* all, int device) {
  auto* const context = new Context;
  context->device = device;
  all->live.push_back(context);
  return context;
}

}  // namespace

int DeviceCount() {
  static const int count =
      static_cast<int>(NumberFromEnvironment("STANDIN_DEVICES", 1));
  return count;
}

bool DeviceExists(int device) { return device >= 0 && device < DeviceCount(); }

Context* PrimaryContext(int device) {
  Contexts& all = All();
  const std::lock_guard lock(all.mutex);
  Context*& context = all.primary[device];
  if (context == nullptr) context = MakeContext(&all, device);
  return context;
}

bool PrimaryContextActive(int device) {
  Contexts& all = All();
  const std::lock_guard lock(all.mutex);
  return all.primary.contains(device);
}

Context* CreateContext(int device) {
  Contexts& all = All();
  const std::lock_guard lock(all.mutex);
  return MakeContext(&all, device);
}

bool ContextExists(const Context* context) {
  if (context == nullptr) return true;
  Contexts& all = All();
  const std::lock_guard lock(all.mutex);
  for (const Context* one : all.live) {
    if (one == context) return true;
  }
  return false;
}

int DestroyContext(Context* context) {
  Contexts& all = All();
  const std::lock_guard lock(all.mutex);
  for (const auto& [device, primary] : all.primary) {
    if (primary == context) return CUDA_ERROR_INVALID_CONTEXT;
  }
  if (context == nullptr || std::erase(all.live, context) == 0) {
    return CUDA_ERROR_INVALID_CONTEXT;
  }
  if (CurrentContext() == context) stack.pop_back();
  return CUDA_SUCCESS;
}

Context* CurrentContext() { return stack.empty() ? nullptr : stack.back(); }

void SetCurrentContext(Context* context) {
  if (!stack.empty()) stack.pop_back();
  if (context != nullptr) stack.push_back(context);
}

void PushContext(Context* context) { stack.push_back(context); }

Context* PopContext() {
  Context* const top = CurrentContext();
  if (top != nullptr) stack.pop_back();
  return top;
}

int CurrentDevice() {
  return CurrentContext() == nullptr ? 0 : CurrentContext()->device;
}

void UseSomeContext() {
  if (CurrentContext() == nullptr) SetCurrentContext(PrimaryContext(0));
}

int DeviceAttribute(int attribute) {
  // An H200, but for its L2 of 1 MB: benchmarks clear that much every time.
  static const std::unordered_map<int, int> values = {
      {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
      {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 1024},
      {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 1024},
      {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 64},
      {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 2147483647},
      {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
      {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 65535},
      {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 49152},
      {CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 65536},
      {CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32},
      {CU_DEVICE_ATTRIBUTE_MAX_PITCH, 2147483647},
      {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, 65536},
      {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1980000},
      {CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, 512},
      {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
      {CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY, 1},
      {CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 1},
      {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 3201000},
      {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 6144},
      {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 1 << 20},
      {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 2048},
      {CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT, 3},
      {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
      {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9},
      {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0},
      {CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED, 1},
      {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 233472},
      {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, 65536},
      {CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 1},
      {CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS, 1},
      {CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1},
      {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 232448},
      {CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM, 1},
      {CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED, 1},
      {CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR, 32},
      {CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK, 1024},
      {CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, 1},
      {CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 1},
  };
  const auto found = values.find(attribute);
  return found == values.end() ? 0 : found->second;
}

}  // namespace standin
