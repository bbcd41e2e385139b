// Numbers of the types that kernels read and write.
#ifndef MOETAP_TESTS_CUDA_STANDIN_KERNELS_NUMBERS_H_
#define MOETAP_TESTS_CUDA_STANDIN_KERNELS_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hooks/cuda/kernel_name.h"

namespace standin {

enum class FloatType : uint8_t { kFloat, kHalf, kBfloat16 };

// Of a template argument.  Ends the process if it is none of the three.
FloatType FloatTypeOf(const moetap::KernelName& name, int template_argument);

float HalfToFloat(uint16_t half);
float Bfloat16ToFloat(uint16_t value);

// Element `index` of an array.
float ReadFloat(const void* array, FloatType type, size_t index);

// Integers by the letter of their mangled type: i, j, l, x, ...
int IntegerBytes(char type);
int64_t ReadInteger(const void* array, char type, size_t index);
void WriteInteger(void* array, char type, size_t index, int64_t value);

// The letter of a template argument that is an integer type.
char IntegerTypeOf(const moetap::KernelName& name, int template_argument);

// The number of an enumeration literal, such as LN4vllm11ScoringFuncE1E.
int EnumerationOf(const moetap::KernelName& name, int template_argument);

// A matrix with `columns` columns that a router scores.  With the environment
// variable STANDIN_LOGITS=synthetic the numbers are not read but made up, from
// how many matrices this process made before, the row and the column.
class Logits {
 public:
  Logits(const void* data, FloatType type, uint32_t columns);

  std::vector<float> Row(size_t row) const;

 private:
  const void* data_;
  FloatType type_;
  uint32_t columns_;
  uint64_t number_;
};

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_KERNELS_NUMBERS_H_
