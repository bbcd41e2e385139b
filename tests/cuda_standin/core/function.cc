#include "tests/cuda_standin/core/function.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tests/cuda_standin/core/log.h"
#include "tests/cuda_standin/core/stream.h"

namespace standin {
namespace {

struct Functions {
  std::mutex mutex;
  std::unordered_map<const void*, Function*> symbols;
  std::unordered_set<const void*> functions;
  std::unordered_set<const Module*> modules;
  std::unordered_map<std::string, HostKernel> host_kernels;
};

Functions& All() {
  static auto* const functions = new Functions;
  return *functions;
}

HostKernel FindHostKernel(const std::string& name) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  const auto found = all.host_kernels.find(name);
  return found == all.host_kernels.end() ? HostKernel() : found->second;
}

void RunCall(const KernelCall& call) {
  // Launches may run again, so kernels get arguments of their own.
  auto copies = call.arguments;
  std::vector<void*> pointers;
  for (auto& argument : copies) pointers.push_back(argument.data());
  const HostKernel host = FindHostKernel(call.name);
  if (host) {
    host(call.grid, call.block, pointers.data());
    return;
  }
  GridDependencyWait();
  RunKernel(call.name.c_str(), call.grid, call.block, pointers.data(),
            static_cast<int>(pointers.size()));
}

uint64_t Product(const Dim3& dim) { return uint64_t{dim.x} * dim.y * dim.z; }

}  // namespace

void RegisterSymbol(const void* symbol, const char* name) {
  auto* const function = new Function;
  function->name = name;
  function->sizes = SizesOfName(name);
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  all.symbols[symbol] = function;
  all.functions.insert(function);
}

Function* FindFunction(const void* symbol_or_function) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  const auto found = all.symbols.find(symbol_or_function);
  if (found != all.symbols.end()) return found->second;
  if (!all.functions.contains(symbol_or_function)) return nullptr;
  return static_cast<Function*>(const_cast<void*>(symbol_or_function));
}

Module* AddModule(Image image, Context* context) {
  auto* const module = new Module;
  module->image = std::move(image);
  module->context = context;
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  all.modules.insert(module);
  return module;
}

bool ModuleExists(const Module* module) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  return all.modules.contains(module);
}

int GetFunction(Module* module, const char* name, Function** out) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  if (!all.modules.contains(module)) return CUDA_ERROR_INVALID_HANDLE;
  const auto found = module->functions.find(name);
  if (found != module->functions.end()) {
    *out = found->second;
    return CUDA_SUCCESS;
  }
  std::vector<int> sizes;
  const int status = module->image.Find(name, &sizes);
  if (status != CUDA_SUCCESS) return status;
  *out = new Function;
  (*out)->name = name;
  (*out)->sizes = std::move(sizes);
  (*out)->context = module->context;
  module->functions[name] = *out;
  all.functions.insert(*out);
  return CUDA_SUCCESS;
}

int UnloadModule(Module* module) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  if (all.modules.erase(module) == 0) return CUDA_ERROR_INVALID_HANDLE;
  for (const auto& [name, function] : module->functions) {
    all.functions.erase(function);
  }
  return CUDA_SUCCESS;
}

int GetAttribute(const Function* function, CUfunction_attribute attribute,
                 int* value) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  const auto found = function->attributes.find(attribute);
  if (found != function->attributes.end()) {
    *value = found->second;
  } else if (attribute == CU_FUNC_ATTRIBUTE_NUM_REGS) {
    *value = 32;
  } else if (attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK) {
    *value = 1024;
  } else if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
    *value = 49152;
  } else if (attribute == CU_FUNC_ATTRIBUTE_PTX_VERSION ||
             attribute == CU_FUNC_ATTRIBUTE_BINARY_VERSION) {
    *value = 90;
  } else {
    *value = 0;
  }
  return CUDA_SUCCESS;
}

void SetAttribute(Function* function, CUfunction_attribute attribute,
                  int value) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  function->attributes[attribute] = value;
}

bool GetParameter(const Function& function, size_t index, size_t* offset,
                  size_t* size) {
  if (index >= function.sizes.size()) return false;
  *offset = 0;
  for (size_t i = 0; i <= index; ++i) {
    *size = static_cast<size_t>(function.sizes[i]);
    const size_t alignment = std::clamp<size_t>(*size, 1, 8);
    *offset = (*offset + alignment - 1) / alignment * alignment;
    if (i < index) *offset += *size;
  }
  return true;
}

bool ValidShape(Dim3 grid, Dim3 block) {
  return Product(grid) > 0 && Product(block) > 0 && Product(block) <= 1024;
}

int Launch(const LaunchRequest& request) {
  const Function& function = *request.function;
  if (!ValidShape(request.grid, request.block)) return CUDA_ERROR_INVALID_VALUE;
  if (request.arguments == nullptr && !function.sizes.empty()) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (function.context != nullptr && function.context != CurrentContext()) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  int status = CheckLaunchStream(request.stream);
  if (status != CUDA_SUCCESS) return status;
  auto call = std::make_shared<KernelCall>();
  call->api = request.api;
  call->name = function.name;
  call->grid = request.grid;
  call->block = request.block;
  call->programmatic = request.programmatic;
  for (size_t i = 0; i < function.sizes.size(); ++i) {
    const auto* from = static_cast<const uint8_t*>(request.arguments[i]);
    call->arguments.emplace_back(from, from + function.sizes[i]);
  }
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_KERNEL;
  work.body = [call] { RunCall(*call); };
  work.kernel = std::move(call);
  return Submit(request.stream, work);
}

void RegisterHostKernel(const char* name, HostKernel kernel) {
  Functions& all = All();
  const std::lock_guard lock(all.mutex);
  all.host_kernels[name] = std::move(kernel);
}

}  // namespace standin
