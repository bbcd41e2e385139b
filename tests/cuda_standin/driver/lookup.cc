// Entry points by their names.
#include <dlfcn.h>

#include <string>

#include "tests/cuda_standin/driver/entry.h"

namespace standin {
namespace {

void* OwnLibrary() {
  static void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  return library;
}

// A name stands for the newest form that a version has; forms newer than that
// have a suffix of a higher number.
void* FindEntry(const std::string& name, int version, bool per_thread) {
  constexpr int kEdgeData = 12030;  // since then, captures tell edge data
  std::string base = name;
  if (name == "cuGraphInstantiate") base = "cuGraphInstantiateWithFlags";
  for (int form = 4; form >= 1; --form) {
    if (name == "cuStreamGetCaptureInfo" && form > 2 && version < kEdgeData) {
      continue;
    }
    std::string symbol = base;
    if (form > 1) symbol += "_v" + std::to_string(form);
    if (per_thread) {
      void* const mine = dlsym(OwnLibrary(), (symbol + "_ptsz").c_str());
      if (mine != nullptr) return mine;
    }
    void* const entry = dlsym(OwnLibrary(), symbol.c_str());
    if (entry != nullptr) return entry;
  }
  return nullptr;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

CUresult cuGetProcAddress(const char* name, void** out, int version,
                          cuuint64_t flags,
                          CUdriverProcAddressQueryResult* result) {
  return CallAnywhere(STANDIN_HERE, [&] {
    *out =
        FindEntry(name, version,
                  (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0);
    if (result != nullptr) {
      *result = *out != nullptr ? CU_GET_PROC_ADDRESS_SUCCESS
                                : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    }
    return *out != nullptr ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
  });
}

CUresult cuGetExportTable(const void**, const CUuuid*) {
  return CUDA_ERROR_NOT_FOUND;
}

}  // extern "C"
