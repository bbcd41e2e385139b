#include "tests/cuda_standin/test_support.h"

#include "tests/cuda_standin/cudart/kernel.h"

namespace standin::test {

extern const char kSet[] = "set";
extern const char kCopy[] = "copy";
extern const char kHasty[] = "hasty";
extern const char kAdd[] = "add";

namespace {

int* Pointer(void** arguments, int index) {
  return *static_cast<int**>(arguments[index]);
}

int Value(void** arguments, int index) {
  return *static_cast<int*>(arguments[index]);
}

void Register(const char* symbol, const char* name, HostKernel kernel) {
  __cudaRegisterFunction(nullptr, symbol, nullptr, name, -1, nullptr, nullptr,
                         nullptr, nullptr, nullptr);
  RegisterHostKernel(name, std::move(kernel));
}

const bool registered = [] {
  Register(kSet, "_Z3setPii", [](Dim3, Dim3, void** a) {
    GridDependencyWait();
    *Pointer(a, 0) = Value(a, 1);
  });
  Register(kAdd, "_Z3addPii", [](Dim3, Dim3, void** a) {
    GridDependencyWait();
    *Pointer(a, 0) = *Pointer(a, 0) * 10 + Value(a, 1);
  });
  Register(kCopy, "_Z4copyPiPKi", [](Dim3, Dim3, void** a) {
    GridDependencyWait();
    *Pointer(a, 0) = *Pointer(a, 1);
  });
  Register(kHasty, "_Z5hastyPiPKi",
           [](Dim3, Dim3, void** a) { *Pointer(a, 0) = *Pointer(a, 1); });
  return true;
}();

}  // namespace

cudaError_t LaunchSet(int* to, int value, cudaStream_t stream) {
  void* arguments[] = {&to, &value};
  return cudaLaunchKernel(kSet, {1, 1, 1}, {32, 1, 1}, arguments, 0, stream);
}

cudaError_t LaunchAdd(int* to, int value, cudaStream_t stream) {
  void* arguments[] = {&to, &value};
  return cudaLaunchKernel(kAdd, {1, 1, 1}, {32, 1, 1}, arguments, 0, stream);
}

cudaError_t LaunchCopy(int* to, const int* from, cudaStream_t stream) {
  void* arguments[] = {&to, &from};
  return cudaLaunchKernel(kCopy, {1, 1, 1}, {32, 1, 1}, arguments, 0, stream);
}

cudaError_t LaunchEarly(const char* symbol, int* to, const int* from,
                        cudaStream_t stream) {
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = {1, 1, 1};
  config.blockDim = {32, 1, 1};
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = 1;
  void* arguments[] = {&to, &from};
  return cudaLaunchKernelExC(&config, symbol, arguments);
}

Ints::Ints(int count) {
  void* memory = nullptr;
  EXPECT_OK(cudaMalloc(&memory, sizeof(int) * static_cast<size_t>(count)));
  data_ = static_cast<int*>(memory);
}

Ints::~Ints() { EXPECT_OK(cudaFree(data_)); }

int Ints::value(int index) const {
  EXPECT_OK(cudaDeviceSynchronize());
  return data_[index];
}

OwnStream::OwnStream(unsigned flags) {
  EXPECT_OK(cudaStreamCreateWithFlags(&stream_, flags));
}

OwnStream::~OwnStream() { EXPECT_OK(cudaStreamDestroy(stream_)); }

OwnEvent::OwnEvent() { EXPECT_OK(cudaEventCreate(&event_)); }

OwnEvent::~OwnEvent() { EXPECT_OK(cudaEventDestroy(event_)); }

}  // namespace standin::test
