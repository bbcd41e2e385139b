// Modules, libraries, kernels and their launches.
#include "tests/cuda_standin/core/function.h"
#include "tests/cuda_standin/core/graph.h"
#include "tests/cuda_standin/core/transfer.h"
#include "tests/cuda_standin/driver/entry.h"

namespace standin {
namespace {

template <typename Handle>
int Load(const void* data, Context* context, Handle* out) {
  int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  Image image;
  status = image.Load(data);
  if (status != CUDA_SUCCESS) return status;
  *out = reinterpret_cast<Handle>(AddModule(std::move(image), context));
  return CUDA_SUCCESS;
}

int LoadFile(const char* path, CUmodule* out) {
  int status = CheckUnsafeCall();
  if (status != CUDA_SUCCESS) return status;
  Image image;
  status = image.LoadFile(path);
  if (status != CUDA_SUCCESS) return status;
  *out =
      reinterpret_cast<CUmodule>(AddModule(std::move(image), CurrentContext()));
  return CUDA_SUCCESS;
}

// The body of a call that is about an existing kernel.
template <typename Use>
int WithFunction(const void* handle, Use use) {
  Function* const function = FindFunction(handle);
  if (function == nullptr) return CUDA_ERROR_INVALID_HANDLE;
  return use(function);
}

int LaunchFunction(const char* api, const void* handle, Dim3 grid, Dim3 block,
                   void** arguments, void** extra, CUstream stream,
                   bool programmatic = false) {
  if (extra != nullptr) return CUDA_ERROR_NOT_SUPPORTED;
  return WithFunction(handle, [&](const Function* function) {
    return Launch(
        {api, function, grid, block, arguments, stream, programmatic});
  });
}

bool Programmatic(const CUlaunchConfig& config) {
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const CUlaunchAttribute& attribute = config.attrs[i];
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION) {
      return attribute.value.programmaticStreamSerializationAllowed != 0;
    }
  }
  return false;
}

// Every module has one variable of this size under any name.
int MakeGlobal(CUdeviceptr* address, size_t* size) {
  constexpr size_t kSize = size_t{1} << 16;
  if (size != nullptr) *size = kSize;
  return AllocateDevice(kSize, reinterpret_cast<void**>(address));
}

int NameOf(const void* handle, const char** name) {
  return WithFunction(handle, [&](const Function* function) {
    *name = function->name.c_str();
    return CUDA_SUCCESS;
  });
}

int ParameterOf(const void* handle, size_t index, size_t* offset,
                size_t* size) {
  return WithFunction(handle, [&](const Function* function) {
    size_t at = 0;
    size_t bytes = 0;
    if (!GetParameter(*function, index, &at, &bytes)) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *offset = at;
    if (size != nullptr) *size = bytes;
    return CUDA_SUCCESS;
  });
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

CUresult cuModuleLoad(CUmodule* module, const char* path) {
  return Call(STANDIN_HERE, [&] { return LoadFile(path, module); });
}

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return Call(STANDIN_HERE,
              [&] { return Load(image, CurrentContext(), module); });
}

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned,
                            CUjit_option*, void**) {
  return Call(STANDIN_HERE,
              [&] { return Load(image, CurrentContext(), module); });
}

CUresult cuModuleLoadFatBinary(CUmodule* module, const void* image) {
  return Call(STANDIN_HERE,
              [&] { return Load(image, CurrentContext(), module); });
}

CUresult cuModuleUnload(CUmodule module) {
  return Call(STANDIN_HERE,
              [&] { return UnloadModule(reinterpret_cast<Module*>(module)); });
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module,
                             const char* name) {
  return Call(STANDIN_HERE, [&] {
    return GetFunction(reinterpret_cast<Module*>(module), name,
                       reinterpret_cast<Function**>(function));
  });
}

CUresult cuModuleGetGlobal(CUdeviceptr* address, size_t* size, CUmodule,
                           const char*) {
  return Call(STANDIN_HERE, [&] { return MakeGlobal(address, size); });
}

CUresult cuLibraryLoadData(CUlibrary* library, const void* image, CUjit_option*,
                           void**, unsigned, CUlibraryOption*, void**,
                           unsigned) {
  return CallAnywhere(STANDIN_HERE,
                      [&] { return Load(image, nullptr, library); });
}

CUresult cuLibraryUnload(CUlibrary library) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return UnloadModule(reinterpret_cast<Module*>(library));
  });
}

CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library,
                            const char* name) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return GetFunction(reinterpret_cast<Module*>(library), name,
                       reinterpret_cast<Function**>(kernel));
  });
}

CUresult cuLibraryGetModule(CUmodule* module, CUlibrary library) {
  return Call(STANDIN_HERE, [&] {
    if (!ModuleExists(reinterpret_cast<Module*>(library))) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    *module = reinterpret_cast<CUmodule>(library);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  return Call(STANDIN_HERE, [&] {
    return WithFunction(kernel, [&](Function* found) {
      *function = reinterpret_cast<CUfunction>(found);
      return CUDA_SUCCESS;
    });
  });
}

CUresult cuFuncGetName(const char** name, CUfunction function) {
  return CallAnywhere(STANDIN_HERE, [&] { return NameOf(function, name); });
}

CUresult cuKernelGetName(const char** name, CUkernel kernel) {
  return CallAnywhere(STANDIN_HERE, [&] { return NameOf(kernel, name); });
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t* offset,
                            size_t* size) {
  return CallAnywhere(
      STANDIN_HERE, [&] { return ParameterOf(function, index, offset, size); });
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t* offset,
                              size_t* size) {
  return CallAnywhere(STANDIN_HERE,
                      [&] { return ParameterOf(kernel, index, offset, size); });
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute,
                            CUfunction function) {
  return Call(STANDIN_HERE, [&] {
    return WithFunction(function, [&](const Function* found) {
      return GetAttribute(found, attribute, value);
    });
  });
}

CUresult cuKernelGetAttribute(int* value, CUfunction_attribute attribute,
                              CUkernel kernel, CUdevice) {
  return CallAnywhere(STANDIN_HERE, [&] {
    return WithFunction(kernel, [&](const Function* found) {
      return GetAttribute(found, attribute, value);
    });
  });
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute,
                            int value) {
  return Call(STANDIN_HERE, [&] {
    return WithFunction(function, [&](Function* found) {
      SetAttribute(found, attribute, value);
      return CUDA_SUCCESS;
    });
  });
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y,
                        unsigned grid_z, unsigned block_x, unsigned block_y,
                        unsigned block_z, unsigned, CUstream stream,
                        void** arguments, void** extra) {
  return Call(STANDIN_HERE, [&] {
    return LaunchFunction("cuLaunchKernel", function, {grid_x, grid_y, grid_z},
                          {block_x, block_y, block_z}, arguments, extra,
                          stream);
  });
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function,
                          void** arguments, void** extra) {
  return Call(STANDIN_HERE, [&] {
    return LaunchFunction(
        "cuLaunchKernelEx", function,
        {config->gridDimX, config->gridDimY, config->gridDimZ},
        {config->blockDimX, config->blockDimY, config->blockDimZ}, arguments,
        extra, config->hStream, Programmatic(*config));
  });
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned grid_x,
                                   unsigned grid_y, unsigned grid_z,
                                   unsigned block_x, unsigned block_y,
                                   unsigned block_z, unsigned, CUstream stream,
                                   void** arguments) {
  return Call(STANDIN_HERE, [&] {
    return LaunchFunction("cuLaunchCooperativeKernel", function,
                          {grid_x, grid_y, grid_z}, {block_x, block_y, block_z},
                          arguments, nullptr, stream);
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction,
                                                     int, size_t) {
  return Call(STANDIN_HERE, [&] {
    *blocks = 2;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveClusters(int* clusters, CUfunction,
                                      const CUlaunchConfig*) {
  return Call(STANDIN_HERE, [&] {
    *clusters = 66;
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
