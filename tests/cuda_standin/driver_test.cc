// The driver's interface, contexts and devices, memory, failures, logs.
#include <cuda.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/cuda_standin/test_support.h"

namespace standin::test {
namespace {

// The stand-in reads these when it is first called.
const bool environment_set = [] {
  const std::string folder = ::testing::TempDir();
  setenv("STANDIN_DEVICES", "2", 1);
  setenv("STANDIN_FAIL", "cudaHostAlloc:2:800", 1);
  setenv("STANDIN_FAIL_CALLER", "driver_test", 1);
  setenv("STANDIN_LAUNCH_LOG", (folder + "standin_launches").c_str(), 1);
  setenv("STANDIN_ROUTER_LOG", (folder + "standin_routers").c_str(), 1);
  return true;
}();

constexpr char kPtx[] = R"(
.version 7.0
.target sm_80
.address_size 64
// .entry commented_out(.param .u64 no)
.visible .entry double_it(
    .param .u64 double_it_param_0,
    .param .u32 double_it_param_1
) { ret; }
.visible .entry by_value(
    .param .align 8 .b8 by_value_param_0[96]
)
.maxntid 128, 1, 1
{ ret; }
.visible .entry nothing() { ret; }
)";

int* ToInts(CUdeviceptr address) { return reinterpret_cast<int*>(address); }

// The file of this process that a variable names.
std::string LogOf(const char* variable) {
  return std::string(getenv(variable)) + "." + std::to_string(getpid());
}

class Driver : public ::testing::Test {
 protected:
  static void TearDownTestSuite() {
    unlink(LogOf("STANDIN_LAUNCH_LOG").c_str());
    unlink(LogOf("STANDIN_ROUTER_LOG").c_str());
  }

  void SetUp() override {
    ASSERT_OK(cuInit(0));
    ASSERT_OK(cuDevicePrimaryCtxRetain(&context_, 0));
    ASSERT_OK(cuCtxSetCurrent(context_));
  }

  CUfunction Load(const char* name) {
    EXPECT_OK(cuModuleLoadData(&module_, kPtx));
    CUfunction function = nullptr;
    EXPECT_OK(cuModuleGetFunction(&function, module_, name));
    return function;
  }

  CUcontext context_ = nullptr;
  CUmodule module_ = nullptr;
};

TEST_F(Driver, PtxTellsKernelsAndParameters) {
  const CUfunction function = Load("double_it");
  size_t offset = 0;
  size_t size = 0;
  EXPECT_OK(cuFuncGetParamInfo(function, 1, &offset, &size));
  EXPECT_EQ(8U, offset);
  EXPECT_EQ(4U, size);
  EXPECT_CUDA(CUDA_ERROR_INVALID_VALUE,
              cuFuncGetParamInfo(function, 2, &offset, &size));
  EXPECT_OK(cuFuncGetParamInfo(Load("by_value"), 0, &offset, &size));
  EXPECT_EQ(96U, size);
  EXPECT_CUDA(CUDA_ERROR_INVALID_VALUE,
              cuFuncGetParamInfo(Load("nothing"), 0, &offset, &size));
  CUfunction missing = nullptr;
  EXPECT_CUDA(CUDA_ERROR_NOT_FOUND,
              cuModuleGetFunction(&missing, module_, "commented_out"));
  const char* name = nullptr;
  EXPECT_OK(cuFuncGetName(&name, function));
  EXPECT_STREQ("double_it", name);
  EXPECT_CUDA(CUDA_ERROR_INVALID_IMAGE,
              cuModuleLoadData(&module_, "no image at all"));
}

TEST_F(Driver, LaunchesHostVersionsOfPtxKernelsWithCopiedArguments) {
  RegisterHostKernel("double_it", [](Dim3 grid, Dim3 block, void** a) {
    **static_cast<int**>(a[0]) =
        2 * *static_cast<int*>(a[1]) + static_cast<int>(grid.x * block.x);
  });
  const CUfunction function = Load("double_it");
  const OwnStream stream;
  const Ints out;
  int* to = out.get();
  int value = 4;
  void* arguments[] = {&to, &value};
  EXPECT_OK(cuLaunchKernel(function, 3, 1, 1, 5, 1, 1, 0, stream, arguments,
                           nullptr));
  value = 100;
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_EQ(23, *to);
  EXPECT_OK(cuModuleUnload(module_));
  EXPECT_CUDA(CUDA_ERROR_INVALID_HANDLE,
              cuLaunchKernel(function, 3, 1, 1, 5, 1, 1, 0, stream, arguments,
                             nullptr));
}

TEST_F(Driver, LooksUpTheFormsOfItsEntryPoints) {
  const auto find = [](const char* name, int version, cuuint64_t flags) {
    void* entry = nullptr;
    EXPECT_OK(cuGetProcAddress(name, &entry, version, flags, nullptr));
    return entry;
  };
  EXPECT_EQ(reinterpret_cast<void*>(&cuMemAlloc), find("cuMemAlloc", 13000, 0));
  EXPECT_EQ(reinterpret_cast<void*>(&cuGraphInstantiateWithFlags),
            find("cuGraphInstantiate", 13000, 0));
  EXPECT_NE(find("cuStreamGetCaptureInfo", 13000, 0),
            find("cuStreamGetCaptureInfo", 12020, 0));
  EXPECT_NE(find("cuLaunchKernel", 13000, 0),
            find("cuLaunchKernel", 13000,
                 CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM));
  void* entry = &entry;
  CUdriverProcAddressQueryResult result;
  EXPECT_CUDA(CUDA_ERROR_NOT_FOUND,
              cuGetProcAddress("cuNoSuchThing", &entry, 13000, 0, &result));
  EXPECT_EQ(nullptr, entry);
  EXPECT_EQ(CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, result);
}

TEST_F(Driver, CallsNeedAContext) {
  std::thread([&] {
    CUdeviceptr memory = 0;
    EXPECT_CUDA(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&memory, 4));
    EXPECT_OK(cuCtxPushCurrent(context_));
    EXPECT_OK(cuMemAlloc(&memory, 4));
    EXPECT_OK(cuMemFree(memory));
    CUcontext popped = nullptr;
    EXPECT_OK(cuCtxPopCurrent(&popped));
    EXPECT_EQ(context_, popped);
    EXPECT_CUDA(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent(&popped));
    // A call of the runtime makes the primary context current.
    EXPECT_OK(cudaFree(nullptr));
    EXPECT_OK(cuCtxGetCurrent(&popped));
    EXPECT_EQ(context_, popped);
  }).join();
}

TEST_F(Driver, DevicesHaveContextsStreamsAndMemoryOfTheirOwn) {
  int count = 0;
  ASSERT_OK(cudaGetDeviceCount(&count));
  ASSERT_EQ(2, count);
  ASSERT_OK(cudaSetDevice(1));
  const OwnStream second;
  const Ints on_second;
  int device = 0;
  EXPECT_OK(cudaStreamGetDevice(second, &device));
  EXPECT_EQ(1, device);
  cudaPointerAttributes attributes;
  EXPECT_OK(cudaPointerGetAttributes(&attributes, on_second.get()));
  EXPECT_EQ(1, attributes.device);
  EXPECT_EQ(cudaMemoryTypeDevice, attributes.type);
  CUcontext context = nullptr;
  EXPECT_OK(cuStreamGetCtx(second, &context));
  EXPECT_NE(context_, context);
  ASSERT_OK(cudaSetDevice(0));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle,
              LaunchSet(on_second.get(), 1, second));
  const OwnEvent first_event;
  EXPECT_CUDA(cudaErrorInvalidResourceHandle,
              cudaEventRecord(first_event, second));
  EXPECT_CUDA(cudaErrorInvalidDevice, cudaSetDevice(2));
  cudaGetLastError();
}

TEST_F(Driver, MemoryIsLimitedAndCounted) {
  size_t before = 0;
  size_t total = 0;
  EXPECT_OK(cuMemGetInfo(&before, &total));
  EXPECT_EQ(size_t{4} << 30, total);
  CUdeviceptr memory = 0;
  EXPECT_CUDA(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&memory, total + 1));
  EXPECT_OK(cuMemAlloc(&memory, size_t{1} << 30));
  size_t after = 0;
  EXPECT_OK(cuMemGetInfo(&after, &total));
  EXPECT_EQ(size_t{1} << 30, before - after);
  EXPECT_TRUE(IsDeviceMemory(ToInts(memory)));
  EXPECT_OK(cuMemFree(memory));
  EXPECT_FALSE(IsDeviceMemory(ToInts(memory)));
  EXPECT_CUDA(CUDA_ERROR_INVALID_VALUE, cuMemFree(memory));
}

TEST_F(Driver, HostMemoryIsRegisteredOnce) {
  std::vector<int> host(1000);
  const size_t bytes = host.size() * sizeof(int);
  EXPECT_OK(cuMemHostRegister(host.data(), bytes, 0));
  EXPECT_CUDA(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
              cuMemHostRegister(&host[999], 4, 0));
  CUdeviceptr device = 0;
  EXPECT_OK(cuMemHostGetDevicePointer(&device, host.data(), 0));
  EXPECT_EQ(host.data(), ToInts(device));
  EXPECT_OK(cuMemHostUnregister(host.data()));
  EXPECT_CUDA(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
              cuMemHostUnregister(host.data()));
}

TEST_F(Driver, PageableMemoryIsDoneWithWhenACopyReturns) {
  const OwnStream stream;
  const Ints memory;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Seed(seed);
    int source = static_cast<int>(seed);
    int target = -1;
    EXPECT_OK(cudaMemcpyAsync(memory.get(), &source, sizeof source,
                              cudaMemcpyDefault, stream));
    source = -2;
    EXPECT_OK(cudaMemcpyAsync(&target, memory.get(), sizeof target,
                              cudaMemcpyDefault, stream));
    ASSERT_EQ(static_cast<int>(seed), target);
  }
}

TEST_F(Driver, FreesWaitForTheWorkThatUsesTheMemory) {
  const OwnStream stream;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Seed(seed);
    void* memory = nullptr;
    EXPECT_OK(cudaMallocAsync(&memory, 4, stream));
    LaunchSet(static_cast<int*>(memory), 1, stream);
    EXPECT_OK(seed % 2 == 0 ? cudaFreeAsync(memory, stream) : cudaFree(memory));
    EXPECT_OK(cudaStreamSynchronize(stream));
    EXPECT_FALSE(IsDeviceMemory(memory));
  }
}

TEST_F(Driver, ChosenCallsFail) {
  void* memory = nullptr;
  FailCall("cudaMalloc", 2, cudaErrorMemoryAllocation);
  EXPECT_OK(cudaMalloc(&memory, 4));
  EXPECT_OK(cudaFree(memory));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMalloc(&memory, 4));
  EXPECT_OK(cudaMalloc(&memory, 4));
  EXPECT_OK(cudaFree(memory));
  FailCall("cudaFree", 1, cudaErrorUnknown, "another_object.so");
  EXPECT_OK(cudaFree(nullptr));
  FailCall("cudaFree", 1, cudaErrorUnknown, "driver_test");
  EXPECT_CUDA(cudaErrorUnknown, cudaFree(nullptr));
  FailCall("cudaFree", 0, 0);
  EXPECT_OK(cudaFree(nullptr));
  cudaGetLastError();
}

TEST_F(Driver, TheEnvironmentChoosesCallsThatFail) {
  void* memory = nullptr;
  EXPECT_OK(cudaHostAlloc(&memory, 4, 0));
  EXPECT_OK(cudaFreeHost(memory));
  EXPECT_CUDA(cudaErrorNotPermitted, cudaHostAlloc(&memory, 4, 0));
  EXPECT_OK(cudaHostAlloc(&memory, 4, 0));
  EXPECT_OK(cudaFreeHost(memory));
  cudaGetLastError();
}

std::vector<std::string> LinesOf(const char* variable) {
  std::ifstream file(LogOf(variable));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line.substr(line.find(' ') + 1));
  }
  return lines;
}

TEST_F(Driver, LogsTellLaunchesAndWhatRoutersDecided) {
  RegisterHostKernel("nothing", [](Dim3, Dim3, void**) {
    const int64_t ids[] = {5, 7, 1, 2};
    LogRouter("nothing", 2, 2, 8, ids);
  });
  const OwnStream stream;
  unsigned long long id = 0;
  ASSERT_OK(cudaStreamGetId(stream, &id));
  const CUfunction function = Load("nothing");
  const auto launch = [&] {
    EXPECT_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, nullptr,
                             nullptr));
  };
  const size_t old_launches = LinesOf("STANDIN_LAUNCH_LOG").size();
  const size_t old_routers = LinesOf("STANDIN_ROUTER_LOG").size();
  launch();
  ASSERT_OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  launch();
  CUgraph graph = nullptr;
  ASSERT_OK(cuStreamEndCapture(stream, &graph));
  CUgraphExec exec = nullptr;
  ASSERT_OK(cuGraphInstantiate(&exec, graph, 0));
  ASSERT_OK(cuGraphLaunch(exec, stream));
  ASSERT_OK(cuStreamSynchronize(stream));

  auto routers = LinesOf("STANDIN_ROUTER_LOG");
  routers.erase(routers.begin(),
                routers.begin() + static_cast<ptrdiff_t>(old_routers));
  ASSERT_EQ(2U, routers.size());
  const std::string where = "0 " + std::to_string(id);
  EXPECT_EQ(where + " eager 0 nothing 2 2 8 5 7 1 2", routers[0]);
  EXPECT_EQ(0U, routers[1].find(where + " replay "));
  std::string kinds;
  auto launches = LinesOf("STANDIN_LAUNCH_LOG");
  for (size_t i = old_launches; i < launches.size(); ++i) {
    kinds += launches[i].substr(0, launches[i].find(' ')) + " ";
  }
  EXPECT_EQ(
      "run begin-capture capture end-capture instantiate graph-launch replay ",
      kinds);
}

}  // namespace
}  // namespace standin::test
