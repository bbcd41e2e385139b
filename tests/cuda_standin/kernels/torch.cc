// Kernels of torch 2.13 and 2.14 whose results reach the host side of an
// engine: fill_, and arange of integers.
#include <cstring>
#include <string_view>

#include "tests/cuda_standin/kernels/launch.h"
#include "tests/cuda_standin/kernels/numbers.h"

namespace standin {
namespace {

constexpr std::string_view kFills[] = {
    "_ZN2at6native29vectorized_elementwise_kernelILi",
    "_ZN2at6native27unrolled_elementwise_kernelINS0_11FillFunctor"};
constexpr std::string_view kFillFunctor = "FillFunctorI";
constexpr std::string_view kArange = "elementwise_kernel_with_indexI";
constexpr std::string_view kArangeScope = "native15arange_cuda_out";

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The size of the elements of a fill_; 0 if the name is of no fill_, or of one
// of unknown elements.
int FillBytes(std::string_view name) {
  size_t at = name.find(kFillFunctor);
  bool fill = name.starts_with(kFills[0]) || name.starts_with(kFills[1]);
  if (!fill || at == std::string_view::npos) return 0;
  std::string_view type = name.substr(at + kFillFunctor.size());
  if (type.starts_with("N3c108BFloat16E") || type.starts_with("N3c104HalfE")) {
    return 2;
  }
  if (type.starts_with("d")) return 8;
  if (type.starts_with("f")) return 4;
  bool integer = type.find_first_of("bahstijlmxy") == 0;
  return integer ? IntegerBytes(type[0]) : 0;
}

// The elements of an arange, as the letter of their type; 0 if it is none of
// int32 or int64.  Its closures are numbered in the order of their types.
char ArangeType(std::string_view name) {
  if (!Contains(name, kArange) || !Contains(name, kArangeScope)) return 0;
  if (Contains(name, "ENKUlvE1_clEvEUllE_")) return 'i';
  return Contains(name, "ENKUlvE2_clEvEUllE_") ? 'l' : 0;
}

// (count, value, array)
void Fill(const Launch& launch, size_t bytes) {
  char* to = launch.Pointer<char>(2);
  for (int i = 0; i < launch.Argument<int>(0); ++i, to += bytes) {
    memcpy(to, launch.args[1], bytes);
  }
}

// (count, {start, step}, array)
void Arange(const Launch& launch, char type) {
  struct Range {
    int64_t start, step;
  };
  auto range = launch.Argument<Range>(1);
  for (int i = 0; i < launch.Argument<int>(0); ++i) {
    WriteInteger(launch.Pointer<void>(2), type, i,
                 range.start + i * range.step);
  }
}

}  // namespace

bool RunTorchKernel(const Launch& launch) {
  if (launch.nargs < 3) return false;
  int bytes = FillBytes(launch.name);
  char type = ArangeType(launch.name);
  if (bytes != 0) Fill(launch, bytes);
  if (type != 0) Arange(launch, type);
  return bytes != 0 || type != 0;
}

int TorchParameterSizes(std::string_view name, int* sizes, int capacity) {
  int value = FillBytes(name);
  if (ArangeType(name) != 0) value = 16;
  if (value == 0 || capacity < 3) return 0;
  sizes[0] = 4;
  sizes[1] = value;
  sizes[2] = 8;
  return 3;
}

}  // namespace standin
