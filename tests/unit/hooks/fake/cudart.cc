// Every entry point writes its call down.
#include <type_traits>
#include <utility>

#include "tests/unit/hooks/fake/cuda.h"

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

FAKE_EXPORT fake::Cuda fake_cuda;
fake::Cuda fake_cuda;

namespace {

void Append(std::vector<uint64_t>& words, fake::Dim3 d) {
  words.insert(words.end(), {d.x, d.y, d.z});
}

template <typename T>
void Append(std::vector<uint64_t>& words, T value) {
  if constexpr (std::is_pointer_v<T>) {
    words.push_back(reinterpret_cast<uint64_t>(value));
  } else {
    words.push_back(static_cast<uint64_t>(value));
  }
}

template <typename First, typename... Args>
int Record(const char* name, First first, Args... args) {
  if (fake_cuda.keep) {
    fake::Cuda::Call call{name, {}};
    Append(call.arguments, first);
    (Append(call.arguments, args), ...);
    fake_cuda.calls.push_back(std::move(call));
  }
  if constexpr (std::is_same_v<First, void**>) *first = fake_cuda.handle;
  if (auto inside = std::exchange(fake_cuda.inside, nullptr)) inside();
  return fake_cuda.status;
}

}  // namespace

#define FAKE_DEFINE(name, parameters, arguments)                       \
  FAKE_EXPORT int name parameters {                                    \
    auto record = [](auto... args) { return Record(#name, args...); }; \
    return record arguments;                                           \
  }
FAKE_CUDA(FAKE_DEFINE)

FAKE_EXPORT int cuFuncGetParamInfo(void*, size_t index, size_t* offset,
                                   size_t* size) {
  if (index >= fake_cuda.parameter_sizes.size()) return 1;
  *offset = index * 8;
  *size = fake_cuda.parameter_sizes[index];
  return 0;
}
