#include "tests/cuda_standin/kernels/numbers.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace standin {
namespace {

std::atomic<uint64_t> matrices{0};

bool Synthetic() {
  const char* wish = getenv("STANDIN_LOGITS");
  return wish != nullptr && std::string_view(wish) == "synthetic";
}

// The finalizer of MurmurHash3: each bit of the result depends on all of them.
uint64_t Mix(uint64_t bits) {
  bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccd;
  bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53;
  return bits ^ bits >> 33;
}

// In [-4, 4).
float Made(uint64_t number, uint64_t row, uint64_t column) {
  uint64_t bits = Mix(Mix(Mix(number) + row) + column);
  return static_cast<float>(bits >> 40) * 0x1p-21f - 4.0f;
}

template <typename T>
T Element(const void* array, size_t index) {
  T value;
  memcpy(&value, static_cast<const char*>(array) + index * sizeof value,
         sizeof value);
  return value;
}

}  // namespace

FloatType FloatTypeOf(const moetap::KernelName& name, int template_argument) {
  std::string_view type = name.arguments.items[template_argument];
  if (moetap::SameType(name, type, "6__half")) return FloatType::kHalf;
  if (moetap::SameType(name, type, "13__nv_bfloat16")) {
    return FloatType::kBfloat16;
  }
  if (type == "f") return FloatType::kFloat;
  fprintf(stderr, "stand-in: %.*s is no type of logits that is known\n",
          static_cast<int>(type.size()), type.data());
  abort();
}

float HalfToFloat(uint16_t half) {
  int exponent = half >> 10 & 31;
  float mantissa = static_cast<float>(half & 1023);
  float magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else {
    magnitude = std::ldexp(mantissa + 1024.0f, exponent - 25);
  }
  return half >> 15 ? -magnitude : magnitude;
}

float Bfloat16ToFloat(uint16_t value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

float ReadFloat(const void* array, FloatType type, size_t index) {
  switch (type) {
    case FloatType::kFloat:
      return Element<float>(array, index);
    case FloatType::kHalf:
      return HalfToFloat(Element<uint16_t>(array, index));
    case FloatType::kBfloat16:
      return Bfloat16ToFloat(Element<uint16_t>(array, index));
  }
  return NAN;
}

int IntegerBytes(char type) {
  switch (type) {
    case 'a':
    case 'b':
    case 'c':
    case 'h':
      return 1;
    case 's':
    case 't':
      return 2;
    case 'i':
    case 'j':
      return 4;
    default:
      return 8;
  }
}

int64_t ReadInteger(const void* array, char type, size_t index) {
  switch (type) {
    case 'i':
      return Element<int32_t>(array, index);
    case 'j':
      return Element<uint32_t>(array, index);
    default:
      return Element<int64_t>(array, index);
  }
}

void WriteInteger(void* array, char type, size_t index, int64_t value) {
  size_t bytes = IntegerBytes(type);
  // Little-endian: the low bytes come first.
  memcpy(static_cast<char*>(array) + index * bytes, &value, bytes);
}

char IntegerTypeOf(const moetap::KernelName& name, int template_argument) {
  return name.arguments.items[template_argument][0];
}

int EnumerationOf(const moetap::KernelName& name, int template_argument) {
  std::string_view literal = name.arguments.items[template_argument];
  literal.remove_suffix(1);
  return literal.back() - '0';
}

Logits::Logits(const void* data, FloatType type, uint32_t columns)
    : data_(Synthetic() ? nullptr : data),
      type_(type),
      columns_(columns),
      number_(matrices.fetch_add(1)) {}

std::vector<float> Logits::Row(size_t row) const {
  std::vector<float> result(columns_);
  for (uint32_t i = 0; i < columns_; ++i) {
    result[i] = data_ == nullptr ? Made(number_, row, i)
                                 : ReadFloat(data_, type_, row * columns_ + i);
  }
  return result;
}

}  // namespace standin
