// Our declarations beside those of CUDA's own headers.
#include "hooks/cuda/cuda_abi.h"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <type_traits>

namespace moetap {
namespace {

template <typename A, typename B>
constexpr bool kAlike = sizeof(A) == sizeof(B) && alignof(A) == alignof(B);

static_assert(kAlike<CudaStatus, cudaError_t> && kAlike<CudaStatus, CUresult>);
static_assert(kCudaSuccess == cudaSuccess && kCudaSuccess == CUDA_SUCCESS);
static_assert(kCudaSymbolNotFound == cudaErrorSharedObjectSymbolNotFound);
static_assert(kCudaNotFound == CUDA_ERROR_NOT_FOUND);

static_assert(kAlike<CudaDim3, dim3> && std::is_trivially_copyable_v<dim3>);
static_assert(offsetof(CudaDim3, x) == offsetof(dim3, x));
static_assert(offsetof(CudaDim3, y) == offsetof(dim3, y));
static_assert(offsetof(CudaDim3, z) == offsetof(dim3, z));

static_assert(kAlike<CudaLaunchAttribute, cudaLaunchAttribute>);
static_assert(kAlike<CudaLaunchAttribute, CUlaunchAttribute>);
static_assert(offsetof(CudaLaunchAttribute, id) ==
              offsetof(cudaLaunchAttribute, id));
static_assert(offsetof(CudaLaunchAttribute, value.programmatic) ==
              offsetof(cudaLaunchAttribute,
                       val.programmaticStreamSerializationAllowed));
static_assert(offsetof(CudaLaunchAttribute, value.programmatic) ==
              offsetof(CUlaunchAttribute,
                       value.programmaticStreamSerializationAllowed));
static_assert(kCudaProgrammaticStream ==
              cudaLaunchAttributeProgrammaticStreamSerialization);
static_assert(kCudaProgrammaticStream ==
              CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);

using Runtime = CudaRuntimeLaunchConfig;
static_assert(kAlike<Runtime, cudaLaunchConfig_t>);
static_assert(offsetof(Runtime, grid) == offsetof(cudaLaunchConfig_t, gridDim));
static_assert(offsetof(Runtime, stream) ==
              offsetof(cudaLaunchConfig_t, stream));
static_assert(offsetof(Runtime, attributes) ==
              offsetof(cudaLaunchConfig_t, attrs));
static_assert(offsetof(Runtime, attribute_count) ==
              offsetof(cudaLaunchConfig_t, numAttrs));

using Driver = CudaDriverLaunchConfig;
static_assert(kAlike<Driver, CUlaunchConfig>);
static_assert(offsetof(Driver, grid) == offsetof(CUlaunchConfig, gridDimX));
static_assert(offsetof(Driver, stream) == offsetof(CUlaunchConfig, hStream));
static_assert(offsetof(Driver, attributes) == offsetof(CUlaunchConfig, attrs));
static_assert(offsetof(Driver, attribute_count) ==
              offsetof(CUlaunchConfig, numAttrs));

TEST(CudaAbi, NamesOfTheDefaultStreams) {
  EXPECT_EQ(static_cast<void*>(kLegacyStream), CU_STREAM_LEGACY);
  EXPECT_EQ(static_cast<void*>(kPerThreadStream), CU_STREAM_PER_THREAD);
  EXPECT_EQ(static_cast<void*>(kLegacyStream), cudaStreamLegacy);
  EXPECT_EQ(static_cast<void*>(kPerThreadStream), cudaStreamPerThread);
}

// The entry points as the headers declare them: the compiler refuses a call
// with other arguments.  (A macro of CUDA's renames those with a newer form.)
using Exec = cudaGraphExec_t;
using Graph = cudaGraph_t;
static_assert(std::is_invocable_r_v<cudaError_t, decltype(cudaGraphInstantiate),
                                    Exec*, Graph, unsigned long long>);
static_assert(
    std::is_invocable_r_v<cudaError_t, decltype(cudaGraphInstantiateWithFlags),
                          Exec*, Graph, unsigned long long>);
static_assert(
    std::is_invocable_r_v<cudaError_t, decltype(cudaGraphExecUpdate), Exec,
                          Graph, cudaGraphExecUpdateResultInfo*>);
static_assert(
    std::is_invocable_r_v<CUresult, decltype(cuGraphExecUpdate), CUgraphExec,
                          CUgraph, CUgraphExecUpdateResultInfo*>);
static_assert(
    std::is_invocable_r_v<CUresult, decltype(cuGraphInstantiateWithFlags),
                          CUgraphExec*, CUgraph, unsigned long long>);
static_assert(
    std::is_invocable_r_v<CUresult, decltype(cuLaunchCooperativeKernel),
                          CUfunction, unsigned, unsigned, unsigned, unsigned,
                          unsigned, unsigned, unsigned, CUstream, void**>);

}  // namespace
}  // namespace moetap
