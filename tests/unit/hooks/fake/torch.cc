// A libtorch_cpu.so with nothing but torch's C shim over the fake at::Tensor.
#include "tests/unit/hooks/fake/aten.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

at::TensorImpl* Impl(void* tensor) {
  return static_cast<at::Tensor*>(tensor)->impl();
}

int32_t Code(at::Dtype dtype) { return static_cast<int32_t>(dtype); }

}  // namespace

// Every getter fails on an undefined tensor, as torch's do.

EXPORT int32_t aoti_torch_get_data_ptr(void* tensor, void** out) {
  if (Impl(tensor) == nullptr) return 1;
  *out = Impl(tensor)->data;
  return 0;
}

EXPORT int32_t aoti_torch_get_dim(void* tensor, int64_t* out) {
  if (Impl(tensor) == nullptr) return 1;
  *out = static_cast<int64_t>(Impl(tensor)->sizes.size());
  return 0;
}

EXPORT int32_t aoti_torch_get_sizes(void* tensor, int64_t** out) {
  if (Impl(tensor) == nullptr) return 1;
  *out = Impl(tensor)->sizes.data();
  return 0;
}

EXPORT int32_t aoti_torch_get_strides(void* tensor, int64_t** out) {
  if (Impl(tensor) == nullptr) return 1;
  *out = Impl(tensor)->strides.data();
  return 0;
}

EXPORT int32_t aoti_torch_get_dtype(void* tensor, int32_t* out) {
  if (Impl(tensor) == nullptr) return 1;
  *out = Code(Impl(tensor)->dtype);
  return 0;
}

EXPORT int32_t aoti_torch_dtype_int16() { return Code(at::Dtype::kInt16); }
EXPORT int32_t aoti_torch_dtype_int32() { return Code(at::Dtype::kInt32); }
EXPORT int32_t aoti_torch_dtype_int64() { return Code(at::Dtype::kInt64); }
EXPORT int32_t aoti_torch_dtype_uint16() { return Code(at::Dtype::kUint16); }
EXPORT int32_t aoti_torch_dtype_uint32() { return Code(at::Dtype::kUint32); }
