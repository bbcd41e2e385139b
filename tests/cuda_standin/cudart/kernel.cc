// Kernels: their registration, attributes and launches.
#include "tests/cuda_standin/cudart/kernel.h"

#include <dlfcn.h>

#include "tests/cuda_standin/core/function.h"
#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/cudart/entry.h"

namespace standin {
namespace {

struct Configuration {
  dim3 grid, block;
  size_t shared = 0;
  CUstream_st* stream = nullptr;
};
thread_local Configuration configuration;

Dim3 ToDim3(const dim3& dim) { return {dim.x, dim.y, dim.z}; }

int LaunchSymbol(const char* api, const void* symbol, const dim3& grid,
                 const dim3& block, void** arguments, cudaStream_t stream,
                 bool programmatic = false) {
  const Function* const function = FindFunction(symbol);
  if (function == nullptr) return cudaErrorInvalidDeviceFunction;
  if (!ValidShape(ToDim3(grid), ToDim3(block))) {
    return cudaErrorInvalidConfiguration;
  }
  return Launch({api, function, ToDim3(grid), ToDim3(block), arguments, stream,
                 programmatic});
}

bool Programmatic(const cudaLaunchConfig_t& config) {
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const cudaLaunchAttribute& attribute = config.attrs[i];
    if (attribute.id == cudaLaunchAttributeProgrammaticStreamSerialization) {
      return attribute.val.programmaticStreamSerializationAllowed != 0;
    }
  }
  return false;
}

template <typename Handle>
int FindHandle(const void* symbol, Handle* handle) {
  Function* const function = FindFunction(symbol);
  if (function == nullptr) return cudaErrorInvalidDeviceFunction;
  *handle = reinterpret_cast<Handle>(function);
  return cudaSuccess;
}

int LoadLibrary(const void* code, cudaLibrary_t* library) {
  int status = CheckUnsafeCall();
  if (status != cudaSuccess) return status;
  Image image;
  status = image.Load(code);
  if (status != cudaSuccess) return status;
  *library =
      reinterpret_cast<cudaLibrary_t>(AddModule(std::move(image), nullptr));
  return cudaSuccess;
}

int GetAttributes(cudaFuncAttributes* attributes, const void* symbol) {
  const Function* const function = FindFunction(symbol);
  if (function == nullptr) return cudaErrorInvalidDeviceFunction;
  *attributes = {};
  const auto get = [&](CUfunction_attribute attribute) {
    int value = 0;
    GetAttribute(function, attribute, &value);
    return value;
  };
  attributes->maxThreadsPerBlock = get(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  attributes->numRegs = get(CU_FUNC_ATTRIBUTE_NUM_REGS);
  attributes->ptxVersion = get(CU_FUNC_ATTRIBUTE_PTX_VERSION);
  attributes->binaryVersion = get(CU_FUNC_ATTRIBUTE_BINARY_VERSION);
  attributes->maxDynamicSharedSizeBytes =
      get(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  return cudaSuccess;
}

// The driver's own answer to a name.
int FindDriverEntry(const char* name, void** out, unsigned version,
                    unsigned long long flags,
                    cudaDriverEntryPointQueryResult* result) {
  using Find = CUresult (*)(const char*, void**, int, cuuint64_t,
                            CUdriverProcAddressQueryResult*);
  static const auto find = [] {
    void* const driver = dlopen("libcuda.so.1", RTLD_NOW);
    return driver == nullptr
               ? nullptr
               : reinterpret_cast<Find>(dlsym(driver, "cuGetProcAddress_v2"));
  }();
  *out = nullptr;
  if (find == nullptr) return cudaErrorInsufficientDriver;
  CUdriverProcAddressQueryResult found;
  find(name, out, static_cast<int>(version), flags, &found);
  if (result == nullptr) return *out ? cudaSuccess : cudaErrorSymbolNotFound;
  *result = static_cast<cudaDriverEntryPointQueryResult>(found);
  return cudaSuccess;
}

int SetOccupancy(int* out, int value) {
  *out = value;
  return cudaSuccess;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* handle;
  return &handle;
}

void __cudaRegisterFatBinaryEnd(void**) {}

void __cudaUnregisterFatBinary(void**) {}

char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void**, const char* symbol, char*, const char* name,
                            int, uint3*, uint3*, dim3*, dim3*, int*) {
  RegisterSymbol(symbol, name);
}

void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int,
                       int) {}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                     CUstream_st* stream) {
  configuration = {grid, block, shared, stream};
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared,
                                       void* stream) {
  *grid = configuration.grid;
  *block = configuration.block;
  *shared = configuration.shared;
  *static_cast<CUstream_st**>(stream) = configuration.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* symbol) {
  return CallAnywhere(STANDIN_HERE, [&] { return FindHandle(symbol, kernel); });
}

cudaError_t cudaGetKernel(cudaKernel_t* kernel, const void* symbol) {
  return CallAnywhere(STANDIN_HERE, [&] { return FindHandle(symbol, kernel); });
}

cudaError_t cudaGetFuncBySymbol(cudaFunction_t* function, const void* symbol) {
  return Call(STANDIN_HERE, [&] { return FindHandle(symbol, function); });
}

cudaError_t cudaFuncGetName(const char** name, const void* symbol) {
  return CallAnywhere(STANDIN_HERE, [&] {
    const Function* const function = FindFunction(symbol);
    if (function == nullptr) return cudaErrorInvalidDeviceFunction;
    *name = function->name.c_str();
    return cudaSuccess;
  });
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block,
                               void** arguments, size_t, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    return LaunchSymbol("__cudaLaunchKernel", kernel, grid, block, arguments,
                        stream);
  });
}

cudaError_t cudaLaunchKernel(const void* symbol, dim3 grid, dim3 block,
                             void** arguments, size_t, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    return LaunchSymbol("cudaLaunchKernel", symbol, grid, block, arguments,
                        stream);
  });
}

cudaError_t cudaLaunchCooperativeKernel(const void* symbol, dim3 grid,
                                        dim3 block, void** arguments, size_t,
                                        cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] {
    return LaunchSymbol("cudaLaunchCooperativeKernel", symbol, grid, block,
                        arguments, stream);
  });
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config,
                                const void* symbol, void** arguments) {
  return Call(STANDIN_HERE, [&] {
    return LaunchSymbol("cudaLaunchKernelExC", symbol, config->gridDim,
                        config->blockDim, arguments, config->stream,
                        Programmatic(*config));
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes,
                                  const void* symbol) {
  return Call(STANDIN_HERE, [&] { return GetAttributes(attributes, symbol); });
}

cudaError_t cudaFuncSetAttribute(const void* symbol, cudaFuncAttribute name,
                                 int value) {
  return Call(STANDIN_HERE, [&] {
    Function* const function = FindFunction(symbol);
    if (function == nullptr) return cudaErrorInvalidDeviceFunction;
    SetAttribute(function, static_cast<CUfunction_attribute>(name), value);
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks,
                                                          const void*, int,
                                                          size_t) {
  return Call(STANDIN_HERE, [&] { return SetOccupancy(blocks, 2); });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks,
                                                                   const void*,
                                                                   int, size_t,
                                                                   unsigned) {
  return Call(STANDIN_HERE, [&] { return SetOccupancy(blocks, 2); });
}

cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, const void*,
                                           const cudaLaunchConfig_t*) {
  return Call(STANDIN_HERE, [&] { return SetOccupancy(clusters, 66); });
}

cudaError_t cudaOccupancyMaxPotentialClusterSize(int* size, const void*,
                                                 const cudaLaunchConfig_t*) {
  return Call(STANDIN_HERE, [&] { return SetOccupancy(size, 8); });
}

cudaError_t cudaLibraryLoadData(cudaLibrary_t* library, const void* code,
                                cudaJitOption*, void**, unsigned,
                                cudaLibraryOption*, void**, unsigned) {
  return Call(STANDIN_HERE, [&] { return LoadLibrary(code, library); });
}

cudaError_t cudaLibraryUnload(cudaLibrary_t library) {
  return Call(STANDIN_HERE,
              [&] { return UnloadModule(reinterpret_cast<Module*>(library)); });
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* kernel, cudaLibrary_t library,
                                 const char* name) {
  return Call(STANDIN_HERE, [&] {
    return GetFunction(reinterpret_cast<Module*>(library), name,
                       reinterpret_cast<Function**>(kernel));
  });
}

cudaError_t cudaGetDriverEntryPointByVersion(
    const char* name, void** out, unsigned version, unsigned long long flags,
    cudaDriverEntryPointQueryResult* result) {
  return Call(STANDIN_HERE, [&] {
    return FindDriverEntry(name, out, version, flags, result);
  });
}

cudaError_t cudaGetDriverEntryPoint(const char* name, void** out,
                                    unsigned long long flags,
                                    cudaDriverEntryPointQueryResult* result) {
  return Call(STANDIN_HERE, [&] {
    return FindDriverEntry(name, out, CUDART_VERSION, flags, result);
  });
}

}  // extern "C"
