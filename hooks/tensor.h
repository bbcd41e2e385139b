// Reads at::Tensor without a torch header: through torch's C shim
// (aoti_torch_*), looked up in the loaded libtorch_cpu.so at the first call.
//
// Any thread may call these functions.  They keep errno, do not throw and do
// not allocate once the shim is found.
#ifndef MOETAP_HOOKS_TENSOR_H_
#define MOETAP_HOOKS_TENSOR_H_

#include <cstdint>

namespace moetap {

// A matrix of integers; strides are in elements.  `data` is borrowed from the
// tensor.
struct IdMatrix {
  const void* data;
  uint32_t rows;
  uint32_t columns;
  int64_t row_stride;
  int64_t column_stride;
  uint8_t bytes;  // of one id: 2, 4 or 8
  bool is_signed;
};

// Both take a pointer to an at::Tensor and return nullptr on success, else
// why the tensor could not be read: a literal, and `*out` is unspecified.
// `packed`: the strides are those of rows without gaps, whatever the tensor
// says.
const char* ReadIds(const void* tensor, bool packed, IdMatrix* out);
const char* ReadAddress(const void* tensor, const void** out);

// Size of the tensor's first dimension, 0 if it has none that fits.
uint32_t ReadExperts(const void* tensor);

}  // namespace moetap

#endif  // MOETAP_HOOKS_TENSOR_H_
