// The forms of the entry points for which stream 0 is the default stream of
// the calling thread.  They count as their plain forms for STANDIN_FAIL.
#include <cuda.h>

#include "tests/cuda_standin/driver/entry_points.h"

namespace {

CUstream Mine(CUstream stream) {
  return stream == nullptr ? CU_STREAM_PER_THREAD : stream;
}

}  // namespace

// Defines SYMBOL_ptsz, with the parameters given, by a call of NAME.
#define STANDIN_PER_THREAD_AS(symbol, name, parameters, ...) \
  CUresult symbol##_ptsz parameters { return name(__VA_ARGS__); }
#define STANDIN_PER_THREAD(name, parameters, ...) \
  STANDIN_PER_THREAD_AS(name, name, parameters, __VA_ARGS__)

extern "C" {

STANDIN_PER_THREAD(cuStreamSynchronize, (CUstream s), Mine(s))
STANDIN_PER_THREAD(cuStreamQuery, (CUstream s), Mine(s))
STANDIN_PER_THREAD(cuStreamGetPriority, (CUstream s, int* out), Mine(s), out)
STANDIN_PER_THREAD(cuStreamGetFlags, (CUstream s, unsigned* out), Mine(s), out)
STANDIN_PER_THREAD(cuStreamGetId, (CUstream s, unsigned long long* out),
                   Mine(s), out)
STANDIN_PER_THREAD(cuStreamGetDevice, (CUstream s, CUdevice* out), Mine(s), out)
STANDIN_PER_THREAD(cuStreamGetCtx, (CUstream s, CUcontext* out), Mine(s), out)
STANDIN_PER_THREAD(cuStreamWaitEvent,
                   (CUstream s, CUevent event, unsigned flags), Mine(s), event,
                   flags)
STANDIN_PER_THREAD(cuEventRecord, (CUevent event, CUstream s), event, Mine(s))
STANDIN_PER_THREAD(cuLaunchHostFunc,
                   (CUstream s, CUhostFn function, void* data), Mine(s),
                   function, data)

STANDIN_PER_THREAD(cuMemAllocAsync,
                   (CUdeviceptr * out, size_t size, CUstream s), out, size,
                   Mine(s))
STANDIN_PER_THREAD(cuMemFreeAsync, (CUdeviceptr address, CUstream s), address,
                   Mine(s))
STANDIN_PER_THREAD(cuMemcpyAsync,
                   (CUdeviceptr to, CUdeviceptr from, size_t size, CUstream s),
                   to, from, size, Mine(s))
STANDIN_PER_THREAD_AS(cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync,
                      (CUdeviceptr to, const void* from, size_t size,
                       CUstream s),
                      to, from, size, Mine(s))
STANDIN_PER_THREAD_AS(cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync,
                      (void* to, CUdeviceptr from, size_t size, CUstream s), to,
                      from, size, Mine(s))
STANDIN_PER_THREAD_AS(cuMemcpyDtoDAsync_v2, cuMemcpyDtoDAsync,
                      (CUdeviceptr to, CUdeviceptr from, size_t size,
                       CUstream s),
                      to, from, size, Mine(s))
STANDIN_PER_THREAD(cuMemsetD8Async,
                   (CUdeviceptr to, unsigned char value, size_t count,
                    CUstream s),
                   to, value, count, Mine(s))
STANDIN_PER_THREAD(cuMemsetD32Async,
                   (CUdeviceptr to, unsigned value, size_t count, CUstream s),
                   to, value, count, Mine(s))

STANDIN_PER_THREAD_AS(cuStreamBeginCapture_v2, cuStreamBeginCapture,
                      (CUstream s, CUstreamCaptureMode mode), Mine(s), mode)
STANDIN_PER_THREAD(cuStreamEndCapture, (CUstream s, CUgraph* graph), Mine(s),
                   graph)
STANDIN_PER_THREAD(cuStreamIsCapturing,
                   (CUstream s, CUstreamCaptureStatus* status), Mine(s), status)
STANDIN_PER_THREAD(cuStreamGetCaptureInfo_v2,
                   (CUstream s, CUstreamCaptureStatus* status, cuuint64_t* id,
                    CUgraph* graph, const CUgraphNode** dependencies,
                    size_t* count),
                   Mine(s), status, id, graph, dependencies, count)
STANDIN_PER_THREAD(cuStreamGetCaptureInfo_v3,
                   (CUstream s, CUstreamCaptureStatus* status, cuuint64_t* id,
                    CUgraph* graph, const CUgraphNode** dependencies,
                    const CUgraphEdgeData** edges, size_t* count),
                   Mine(s), status, id, graph, dependencies, edges, count)
STANDIN_PER_THREAD(cuGraphInstantiateWithParams,
                   (CUgraphExec * exec, CUgraph graph,
                    CUDA_GRAPH_INSTANTIATE_PARAMS* params),
                   exec, graph, params)
STANDIN_PER_THREAD(cuGraphLaunch, (CUgraphExec exec, CUstream s), exec, Mine(s))

STANDIN_PER_THREAD(cuLaunchKernel,
                   (CUfunction function, unsigned grid_x, unsigned grid_y,
                    unsigned grid_z, unsigned block_x, unsigned block_y,
                    unsigned block_z, unsigned shared, CUstream s,
                    void** arguments, void** extra),
                   function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
                   shared, Mine(s), arguments, extra)
STANDIN_PER_THREAD(cuLaunchCooperativeKernel,
                   (CUfunction function, unsigned grid_x, unsigned grid_y,
                    unsigned grid_z, unsigned block_x, unsigned block_y,
                    unsigned block_z, unsigned shared, CUstream s,
                    void** arguments),
                   function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
                   shared, Mine(s), arguments)

CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig* config,
                               CUfunction function, void** arguments,
                               void** extra) {
  CUlaunchConfig mine = *config;
  mine.hStream = Mine(config->hStream);
  return cuLaunchKernelEx(&mine, function, arguments, extra);
}

}  // extern "C"
