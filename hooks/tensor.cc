#include "hooks/tensor.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <limits>

#include "hooks/undisturbed.h"

namespace moetap {
namespace {

using Tensor = void*;  // AtenTensorHandle
using TorchError = int32_t;

struct DtypeRow {
  const char* code;  // shim function that returns torch's number for it
  uint8_t bytes;
  bool is_signed;
};

constexpr DtypeRow kIdTypes[] = {
    {"aoti_torch_dtype_int32", 4, true},
    {"aoti_torch_dtype_int64", 8, true},
    {"aoti_torch_dtype_int16", 2, true},
    {"aoti_torch_dtype_uint16", 2, false},
    {"aoti_torch_dtype_uint32", 4, false},
};
constexpr int kNumIdTypes = sizeof(kIdTypes) / sizeof(kIdTypes[0]);
constexpr int32_t kNoSuchDtype = -1;

struct TorchShim {
  TorchError (*get_data_ptr)(Tensor, void**);
  TorchError (*get_dim)(Tensor, int64_t*);
  TorchError (*get_sizes)(Tensor, int64_t**);
  TorchError (*get_strides)(Tensor, int64_t**);
  TorchError (*get_dtype)(Tensor, int32_t*);
  int32_t id_dtypes[kNumIdTypes];
  bool complete;
};

TorchShim g_shim;  // written once, under g_once
pthread_once_t g_once = PTHREAD_ONCE_INIT;
std::atomic<bool> g_looked = false;

template <typename Function>
bool Lookup(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

void FindDtypes(void* library) {
  for (int i = 0; i < kNumIdTypes; ++i) {
    int32_t (*code)();
    bool found = Lookup(library, kIdTypes[i].code, &code);
    g_shim.id_dtypes[i] = found ? code() : kNoSuchDtype;
  }
}

void FindShim() {
  int saved_errno = errno;
  void* library = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  if (library != nullptr) {
    TorchShim& s = g_shim;
    s.complete = Lookup(library, "aoti_torch_get_data_ptr", &s.get_data_ptr) &&
                 Lookup(library, "aoti_torch_get_dim", &s.get_dim) &&
                 Lookup(library, "aoti_torch_get_sizes", &s.get_sizes) &&
                 Lookup(library, "aoti_torch_get_strides", &s.get_strides) &&
                 Lookup(library, "aoti_torch_get_dtype", &s.get_dtype);
    FindDtypes(library);
  }
  g_looked.store(true, std::memory_order_release);
  errno = saved_errno;
}

[[gnu::noinline, gnu::cold]] void LookForShim() {
  const Undisturbed undisturbed;
  pthread_once(&g_once, FindShim);
}

bool HaveShim() {
  if (!g_looked.load(std::memory_order_acquire)) LookForShim();
  return g_shim.complete;
}

constexpr char kNoShim[] = "no torch C shim in libtorch_cpu.so";

bool FitsUint32(int64_t n) {
  return n >= 0 && n <= std::numeric_limits<uint32_t>::max();
}

const char* ReadIdType(Tensor tensor, IdMatrix* out) {
  int32_t dtype;
  if (g_shim.get_dtype(tensor, &dtype) != 0) return "ids: no dtype";
  for (int i = 0; i < kNumIdTypes; ++i) {
    if (g_shim.id_dtypes[i] != dtype) continue;
    out->bytes = kIdTypes[i].bytes;
    out->is_signed = kIdTypes[i].is_signed;
    return nullptr;
  }
  return "ids: not an integer type of 16, 32 or 64 bits";
}

const char* ReadShape(Tensor tensor, bool packed, IdMatrix* out) {
  int64_t dim;
  int64_t* sizes;
  if (g_shim.get_dim(tensor, &dim) != 0 ||
      g_shim.get_sizes(tensor, &sizes) != 0) {
    return "ids: no shape";
  }
  if (dim != 2) return "ids: not a matrix of rows by k";
  if (!FitsUint32(sizes[0]) || !FitsUint32(sizes[1])) return "ids: too large";
  out->rows = static_cast<uint32_t>(sizes[0]);
  out->columns = static_cast<uint32_t>(sizes[1]);
  out->row_stride = sizes[1];
  out->column_stride = 1;
  if (packed) return nullptr;
  int64_t* strides;
  if (g_shim.get_strides(tensor, &strides) != 0) return "ids: no strides";
  out->row_stride = strides[0];
  out->column_stride = strides[1];
  return nullptr;
}

const char* ReadData(Tensor tensor, const void** data) {
  void* address;
  if (g_shim.get_data_ptr(tensor, &address) != 0) return "tensor without data";
  *data = address;
  return nullptr;
}

}  // namespace

const char* ReadIds(const void* tensor, bool packed, IdMatrix* out) {
  if (!HaveShim()) return kNoShim;
  Tensor handle = const_cast<void*>(tensor);
  if (const char* why = ReadIdType(handle, out)) return why;
  if (const char* why = ReadShape(handle, packed, out)) return why;
  if (const char* why = ReadData(handle, &out->data)) return why;
  bool empty = out->rows == 0 || out->columns == 0;
  if (out->data == nullptr && !empty) return "ids: no memory behind them";
  return nullptr;
}

const char* ReadAddress(const void* tensor, const void** out) {
  if (!HaveShim()) return kNoShim;
  return ReadData(const_cast<void*>(tensor), out);
}

uint32_t ReadExperts(const void* tensor) {
  Tensor handle = const_cast<void*>(tensor);
  int64_t dim;
  int64_t* sizes;
  if (!HaveShim() || g_shim.get_dim(handle, &dim) != 0 ||
      g_shim.get_sizes(handle, &sizes) != 0 || dim < 1 ||
      !FitsUint32(sizes[0])) {
    return 0;
  }
  return static_cast<uint32_t>(sizes[0]);
}

}  // namespace moetap
