// Kernels: those registered with the runtime, and those of loaded modules.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_FUNCTION_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_FUNCTION_H_

#include <cuda.h>

#include <map>
#include <string>
#include <vector>

#include "tests/cuda_standin/core/context.h"
#include "tests/cuda_standin/core/image.h"

namespace standin {

// CUfunction, CUkernel, cudaFunction_t and cudaKernel_t.  Never destroyed.
struct Function {
  std::string name;
  std::vector<int> sizes;      // of its parameters, as far as known
  Context* context = nullptr;  // null: usable in every one
  std::map<CUfunction_attribute, int> attributes;  // that were set
};

// CUmodule and CUlibrary.  Never destroyed.
struct Module {
  Image image;
  Context* context = nullptr;  // null: a library
  std::map<std::string, Function*> functions;
};

// Codes are those of CUresult.  None of these takes the scheduler's mutex.

STANDIN_EXPORT void RegisterSymbol(const void* symbol, const char* name);
// By the symbol it was registered with, or by its own address; null: unknown.
STANDIN_EXPORT Function* FindFunction(const void* symbol_or_function);

// Takes a module whose image has been loaded.
STANDIN_EXPORT Module* AddModule(Image image, Context* context);
STANDIN_EXPORT bool ModuleExists(const Module* module);
STANDIN_EXPORT int GetFunction(Module* module, const char* name,
                               Function** out);
STANDIN_EXPORT int UnloadModule(Module* module);

STANDIN_EXPORT int GetAttribute(const Function* function,
                                CUfunction_attribute attribute, int* value);
STANDIN_EXPORT void SetAttribute(Function* function,
                                 CUfunction_attribute attribute, int value);
// Offset and size of a parameter; false if there is none that we know.
STANDIN_EXPORT bool GetParameter(const Function& function, size_t index,
                                 size_t* offset, size_t* size);

struct LaunchRequest {
  const char* api;  // for the log
  const Function* function;
  Dim3 grid, block;
  void** arguments;
  CUstream stream;
  bool programmatic = false;
};
// Whether there are such launches.
STANDIN_EXPORT bool ValidShape(Dim3 grid, Dim3 block);
// Copies the arguments and queues or captures the kernel.
STANDIN_EXPORT int Launch(const LaunchRequest& request);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_FUNCTION_H_
