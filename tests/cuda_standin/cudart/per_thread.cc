// The forms of the entry points for which stream 0 is the default stream of
// the calling thread.  They count as their plain forms for STANDIN_FAIL.
#include <cuda_runtime_api.h>

#include "tests/cuda_standin/cudart/kernel.h"

namespace {

cudaStream_t Mine(cudaStream_t stream) {
  return stream == nullptr ? cudaStreamPerThread : stream;
}

}  // namespace

// Defines NAME_ptsz, with the parameters given, by a call of NAME.
#define STANDIN_PER_THREAD(name, parameters, ...)                             \
  __attribute__((visibility("default"))) cudaError_t name##_ptsz parameters { \
    return name(__VA_ARGS__);                                                 \
  }

extern "C" {

STANDIN_PER_THREAD(cudaStreamSynchronize, (cudaStream_t s), Mine(s))
STANDIN_PER_THREAD(cudaStreamQuery, (cudaStream_t s), Mine(s))
STANDIN_PER_THREAD(cudaStreamGetPriority, (cudaStream_t s, int* out), Mine(s),
                   out)
STANDIN_PER_THREAD(cudaStreamGetFlags, (cudaStream_t s, unsigned* out), Mine(s),
                   out)
STANDIN_PER_THREAD(cudaStreamGetId, (cudaStream_t s, unsigned long long* out),
                   Mine(s), out)
STANDIN_PER_THREAD(cudaStreamGetDevice, (cudaStream_t s, int* out), Mine(s),
                   out)
STANDIN_PER_THREAD(cudaStreamWaitEvent,
                   (cudaStream_t s, cudaEvent_t event, unsigned flags), Mine(s),
                   event, flags)
STANDIN_PER_THREAD(cudaEventRecord, (cudaEvent_t event, cudaStream_t s), event,
                   Mine(s))
STANDIN_PER_THREAD(cudaEventRecordWithFlags,
                   (cudaEvent_t event, cudaStream_t s, unsigned flags), event,
                   Mine(s), flags)
STANDIN_PER_THREAD(cudaLaunchHostFunc,
                   (cudaStream_t s, cudaHostFn_t function, void* data), Mine(s),
                   function, data)
STANDIN_PER_THREAD(cudaStreamAddCallback,
                   (cudaStream_t s, cudaStreamCallback_t callback, void* data,
                    unsigned flags),
                   Mine(s), callback, data, flags)

STANDIN_PER_THREAD(cudaMallocAsync, (void** out, size_t size, cudaStream_t s),
                   out, size, Mine(s))
STANDIN_PER_THREAD(cudaFreeAsync, (void* address, cudaStream_t s), address,
                   Mine(s))
STANDIN_PER_THREAD(cudaMemcpyAsync,
                   (void* to, const void* from, size_t size,
                    cudaMemcpyKind kind, cudaStream_t s),
                   to, from, size, kind, Mine(s))
STANDIN_PER_THREAD(cudaMemcpy2DAsync,
                   (void* to, size_t to_pitch, const void* from,
                    size_t from_pitch, size_t width, size_t height,
                    cudaMemcpyKind kind, cudaStream_t s),
                   to, to_pitch, from, from_pitch, width, height, kind, Mine(s))
STANDIN_PER_THREAD(cudaMemsetAsync,
                   (void* to, int value, size_t count, cudaStream_t s), to,
                   value, count, Mine(s))

STANDIN_PER_THREAD(cudaStreamBeginCapture,
                   (cudaStream_t s, cudaStreamCaptureMode mode), Mine(s), mode)
STANDIN_PER_THREAD(cudaStreamBeginCaptureToGraph,
                   (cudaStream_t s, cudaGraph_t graph,
                    const cudaGraphNode_t* dependencies,
                    const cudaGraphEdgeData* edges, size_t count,
                    cudaStreamCaptureMode mode),
                   Mine(s), graph, dependencies, edges, count, mode)
STANDIN_PER_THREAD(cudaStreamEndCapture, (cudaStream_t s, cudaGraph_t* graph),
                   Mine(s), graph)
STANDIN_PER_THREAD(cudaStreamIsCapturing,
                   (cudaStream_t s, cudaStreamCaptureStatus* status), Mine(s),
                   status)
STANDIN_PER_THREAD(cudaStreamGetCaptureInfo,
                   (cudaStream_t s, cudaStreamCaptureStatus* status,
                    unsigned long long* id, cudaGraph_t* graph,
                    const cudaGraphNode_t** dependencies,
                    const cudaGraphEdgeData** edges, size_t* count),
                   Mine(s), status, id, graph, dependencies, edges, count)
STANDIN_PER_THREAD(cudaStreamUpdateCaptureDependencies,
                   (cudaStream_t s, cudaGraphNode_t* dependencies,
                    const cudaGraphEdgeData* edges, size_t count,
                    unsigned flags),
                   Mine(s), dependencies, edges, count, flags)
STANDIN_PER_THREAD(cudaGraphInstantiateWithParams,
                   (cudaGraphExec_t * exec, cudaGraph_t graph,
                    cudaGraphInstantiateParams* params),
                   exec, graph, params)
STANDIN_PER_THREAD(cudaGraphLaunch, (cudaGraphExec_t exec, cudaStream_t s),
                   exec, Mine(s))
STANDIN_PER_THREAD(cudaGraphUpload, (cudaGraphExec_t exec, cudaStream_t s),
                   exec, Mine(s))

STANDIN_PER_THREAD(cudaLaunchKernel,
                   (const void* symbol, dim3 grid, dim3 block, void** arguments,
                    size_t shared, cudaStream_t s),
                   symbol, grid, block, arguments, shared, Mine(s))
STANDIN_PER_THREAD(__cudaLaunchKernel,
                   (cudaKernel_t kernel, dim3 grid, dim3 block,
                    void** arguments, size_t shared, cudaStream_t s),
                   kernel, grid, block, arguments, shared, Mine(s))
STANDIN_PER_THREAD(cudaLaunchCooperativeKernel,
                   (const void* symbol, dim3 grid, dim3 block, void** arguments,
                    size_t shared, cudaStream_t s),
                   symbol, grid, block, arguments, shared, Mine(s))

__attribute__((visibility("default"))) cudaError_t cudaLaunchKernelExC_ptsz(
    const cudaLaunchConfig_t* config, const void* symbol, void** arguments) {
  cudaLaunchConfig_t mine = *config;
  mine.stream = Mine(config->stream);
  return cudaLaunchKernelExC(&mine, symbol, arguments);
}

}  // extern "C"
